# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Which symbols two translation units with other instruction sets share, and which a shared object exports.
# -Dnm= -Dfirst=OBJECTS -Dsecond=OBJECTS -Dobject=SHARED_OBJECT
cmake_policy(VERSION 3.25)

# The definitions of a file that a linker merges, demangled.
function(read_symbols result letters)
  execute_process(COMMAND "${nm}" ${ARGN} OUTPUT_VARIABLE lines RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${nm} ${ARGN} failed")
  endif()
  string(REGEX REPLACE "[][;]" "_" lines "${lines}")
  string(REPLACE "\n" ";" lines "${lines}")
  list(FILTER lines INCLUDE REGEX "^[0-9a-f]+ [${letters}] .*cohort")
  list(TRANSFORM lines REPLACE "^[0-9a-f]+ . " "")
  list(REMOVE_DUPLICATES lines)
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

# Every type that objects share on purpose; whatever else they share would be run with the other one's instructions.
set(shared "cohort::v0_1::(status|status_error|contract_error|data_error|moment_sums|basic_[a-z]+_(sums|counts)<double>)")
read_symbols(symbols VWu -C ${first})
read_symbols(others VWu -C ${second})
list(LENGTH symbols count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} symbols of the library in ${first}")
endif()
foreach(symbol IN LISTS symbols)
  string(REGEX REPLACE "${shared}" "" rest "${symbol}")
  if(rest MATCHES "cohort::" AND symbol IN_LIST others)
    message(SEND_ERROR "two instruction sets share ${symbol}")
  endif()
endforeach()

read_symbols(exported "A-Za-tv-z" -DC ${object})
list(LENGTH exported count)
if(count LESS 5 OR NOT exported MATCHES "typeinfo for cohort::v0_1::contract_error")
  message(FATAL_ERROR "${object} does not export the exceptions: ${exported}")
endif()
foreach(symbol IN LISTS exported)
  # The errands of a pool's threads are std::function's; the code they lead to is not.
  if(symbol MATCHES "_body<|_team<|::errors_|for_each_row" AND NOT symbol MATCHES "eigen_pool::run<")
    message(SEND_ERROR "${object} exports a kernel: ${symbol}")
  endif()
endforeach()
