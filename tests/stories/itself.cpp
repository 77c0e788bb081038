// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the comparison of stories must find.
#include <cases/stories/host.hpp>

using namespace stories;

namespace {

/// Writes `given` over its output, and `stray` elements off it.
struct writing_story {
  std::vector<float> given{1, 0, 3};
  std::ptrdiff_t stray = 0;
  bool into_input = false;

  template <class Stage>
  void operator()(Stage& on) const {
    auto const input = on.input(std::vector<float>{1, 2});
    auto const output = on.template output<float>("output", 3, {.places = 1});
    on.run([&](auto&) {
      for (std::size_t i = 0; i < given.size(); ++i) output.data[i] = given[i];
      if (stray != 0) output.data[stray] = 7;
      if (into_input) const_cast<float*>(input.data)[1] = 3;
    });
  }
};

std::string found(writing_story const& story) {
  engines::any_context context{{engines::place::reference}};
  host_memory memory;
  return disagreement(told(context, memory, story), told(context, memory, writing_story{}));
}

} // namespace

TEST_CASE("a story's comparison tells what differs", "[stories]") {
  CHECK(found({}) == "");
  CHECK(found({{std::nextafter(1.0F, 2.0F), 0, 3}}) == "");
  CHECK(found({{1.001F, 0, 3}}) != "");
  CHECK(found({{1, 1e-30F, 3}}) != ""); // a zero is exact
  CHECK(found({{1, 0}}) != "");         // poison is still there
  CHECK(found({{1, 0, NAN}}) != "");
  CHECK(found({{1, 0, INFINITY}}) != "");
  CHECK(found({{1, 0, 3}, 3}) == "memory beside a buffer was written");
  CHECK(found({{1, 0, 3}, -1}) == "memory beside a buffer was written");
  CHECK(found({{1, 0, 3}, 0, true}) == "an input was written");
}
