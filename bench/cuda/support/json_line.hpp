// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <type_traits>

namespace bench {

/// One line of JSON on the standard output, printed when it ends.
class json_line {
  std::string text_;

  void key(char const* name) { text_ += std::string(text_.empty() ? "{" : ", ") + '"' + name + "\": "; }

public:
  explicit json_line(char const* kind) { add("kind", kind); }
  json_line(json_line const&) = delete;
  json_line& operator=(json_line const&) = delete;
  ~json_line() {
    std::printf("%s}\n", text_.c_str());
    std::fflush(stdout);
  }

  json_line& add(char const* name, std::string const& value) {
    key(name);
    text_ += '"';
    for (char const c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c == '\n' || c == '\t' ? ' ' : c;
    }
    text_ += '"';
    return *this;
  }
  json_line& add(char const* name, char const* value) { return add(name, std::string(value)); }
  template <class Number>
  requires std::is_arithmetic_v<Number> json_line& add(char const* name, Number value) {
    key(name);
    if constexpr (std::is_same_v<Number, bool>) {
      text_ += value ? "true" : "false";
    } else if constexpr (std::is_integral_v<Number>) {
      text_ += std::to_string(value);
    } else {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(value));
      text_ += std::isfinite(static_cast<double>(value)) ? digits : "null";
    }
    return *this;
  }
};

} // namespace bench
