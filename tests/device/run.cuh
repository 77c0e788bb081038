// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A visitor of stories that tells each on a device: plainly, again with other work on the device, with its memory off
/// its alignment, in managed memory, and captured in a graph and replayed. A delay stands on the stream before the
/// inputs are written, and the workspace is overwritten right behind the call: only the stream's order makes it right.
#pragma once

#include <exception>
#include <memory>
#include <string>

#include <device/calls.hpp>
#include <device/places.cuh>
#include <device/session.hpp>

namespace device {

template <class Story>
bool waits_within(Story const& story) {
  if constexpr (requires { story.waits(); }) return story.waits();
  return false;
}

template <class Place>
class on_device {
public:
  using context_type = typename Place::context_type;

  on_device(session& s, oracle const& expected)
      : session_(s), oracle_(expected), place_(std::make_shared<Place>()), other_(std::make_shared<Place>()),
        load_(std::make_shared<stream_of_its_own>()) {}

  template <class Story>
  void operator()(std::string const& name, Story const& story) {
    told_story const& expected = oracle_.at(at_++);
    if (!expected.told) return;
    begin_story(std::string(Place::name) + ": " + name);
    COHORT_CHECK(expected.name == name);
    waits_ = waits_within(story);
    try {
      all_ways(story, expected.outcome);
    } catch (std::exception const& x) {
      check_silent("an exception", x.what());
    }
    COHORT_CHECK(place_->status() == cudaSuccess);
  }

private:
  using outcome = stories::outcome;

  template <class Story>
  void all_ways(Story const& story, outcome const& expected) {
    outcome const first = told(*place_, story, {});
    check_silent("agrees with reference_context", disagreement(first, expected));
    if (!waits_) captured(story, first);
    if (waits_ && Place::strict) session_.not_captured.push_back(counted().story);
    if (session_.tight) return;
    launch_busy(load_->get(), 200);
    check_silent("the same bits on another stream, with other work on the device",
                 other_bits(told(*other_, story, {}), first));
    check_silent("addresses one element off", disagreement(told(*place_, story, {.elements_off = 1}), expected));
    if (at_ % 8 == 1)
      check_silent("the same bits in managed memory", other_bits(told(*place_, story, {.managed = true}), first));
  }

  struct memory_kind {
    std::size_t elements_off = 0;
    bool managed = false;
  };
  template <class Story, class Conduct>
  void on_stage(Place& place, Story const& story, memory_kind kind, Conduct conduct) {
    device_memory memory(place.stream.get(), session_.arena);
    memory.elements_off = kind.elements_off, memory.managed = kind.managed;
    if (session_.tight) memory.guard = 0;
    stories::stage<context_type> on(place.context, memory, conduct);
    story(on);
  }
  void begin(Place& place, stories::recording& record) {
    launch_delay(place.stream.get(), 500);
    record.prepare();
    if (!session_.tight) place.overwrite();
  }

  template <class Story>
  outcome told(Place& place, Story const& story, memory_kind kind) {
    outcome out;
    on_stage(place, story, kind, [&](stories::recording& record, std::function<void()> const& call) {
      begin(place, record);
      {
        counting_calls const counting(place.stream.get());
        call();
      }
      check_calls();
      if (!session_.tight) place.overwrite();
      out = record.collect();
    });
    return out;
  }
  void check_calls() const {
    COHORT_CHECK(calls().allocations == 0);
    COHORT_CHECK(waits_ || calls().waits == 0);
    if (!Place::strict) return;
    COHORT_CHECK(calls().clears == 0);
    COHORT_CHECK(calls().elsewhere == 0);
  }

  /// A graph of the call, replayed three times on fresh memory.
  template <class Story>
  void captured(Story const& story, outcome const& first) {
    on_stage(*place_, story, {}, [&](stories::recording& record, std::function<void()> const& call) {
      cudaStream_t const stream = place_->stream.get();
      cudaGraph_t graph = nullptr;
      record.prepare();
      auto const mode = at_ % 2 == 0 ? cudaStreamCaptureModeThreadLocal : cudaStreamCaptureModeGlobal;
      require(cudaStreamSynchronize(stream), "before the capture");
      require(cudaStreamBeginCapture(stream, mode), "the capture");
      std::string thrown;
      try {
        call();
      } catch (std::exception const& x) {
        thrown = x.what();
      }
      bool const ended = cudaStreamEndCapture(stream, &graph) == cudaSuccess;
      check_silent("captured", !thrown.empty() ? thrown : ended && graph ? "" : "the capture is invalid");
      if (!ended || !graph) return void(cudaGetLastError());
      replay(graph, record, first);
      require(cudaGraphDestroy(graph), "cudaGraphDestroy");
    });
  }
  void replay(cudaGraph_t graph, stories::recording& record, outcome const& first) {
    cudaGraphExec_t executable = nullptr;
    require(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
    for (int i = 0; i < (session_.tight ? 1 : 3); ++i) {
      begin(*place_, record);
      require(cudaGraphLaunch(executable, place_->stream.get()), "cudaGraphLaunch");
      check_silent("the same bits on replay", other_bits(record.collect(), first));
    }
    require(cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
  }

  session& session_;
  oracle const& oracle_;
  std::shared_ptr<Place> place_, other_;
  std::shared_ptr<stream_of_its_own> load_;
  std::size_t at_ = 0;
  bool waits_ = false;
};

} // namespace device
