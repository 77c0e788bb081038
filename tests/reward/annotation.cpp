// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/annotation.hpp>

#include <support/catch.hpp>

#include <string>
#include <vector>

using cohort::annotation_verdict;

namespace {

std::vector<cohort::annotation> all(std::string_view const text) {
  std::vector<cohort::annotation> found;
  for (cohort::annotation const each : cohort::annotations(text)) found.push_back(each);
  return found;
}

annotation_verdict verdict(std::string_view const text) {
  REQUIRE(all(text).size() == 1);
  return cohort::verify_annotation(all(text)[0]).verdict;
}

} // namespace

TEST_CASE("annotation: pieces and places", "[reward][annotation]") {
  std::string_view const text = "16 - 3 = <<16-3=13>>13, then <<13*2=26>>26\n<<7>>";
  auto const found = all(text);
  REQUIRE(found.size() == 3);
  CHECK(found[0].expression == "16-3");
  CHECK(found[0].value == "13");
  CHECK(text.substr(found[0].begin, found[0].end - found[0].begin) == "<<16-3=13>>");
  CHECK(found[1].value == "26");
  CHECK(found[2].expression == "7");
  CHECK(found[2].value.empty());
}

TEST_CASE("annotation: damaged delimiters", "[reward][annotation]") {
  for (std::string_view const text : {"", "<<", ">>", ">><<", "<<1+1=2", "1+1=2>>", "<<1+1\n=2>>", "< <1=1>>"}) {
    CAPTURE(text);
    CHECK(all(text).empty());
  }
  CHECK(all("<<1+<<2+2=4>>")[0].expression == "2+2");
  CHECK(all("<<<2=2>>>")[0].expression == "2");
  CHECK(all("<<1=1\n<<2=2>>").size() == 1);
  CHECK(all("<<a=b>><<c=d>>").size() == 2);
  CHECK(all("<<>>")[0].expression.empty());
}

TEST_CASE("annotation: verdicts", "[reward][annotation]") {
  CHECK(verdict("<<16-3-4=9>>") == annotation_verdict::holds);
  CHECK(verdict("<<2*1/2=1.0>>") == annotation_verdict::holds);
  CHECK(verdict("<<80000+50000=130,000>>") == annotation_verdict::holds);
  CHECK(verdict("<<0.8-0.5=0.3>>") == annotation_verdict::holds);
  CHECK(verdict("<<3/4=3/4>>") == annotation_verdict::holds);
  CHECK(verdict("<<5-8=-3>>") == annotation_verdict::holds);
  CHECK(verdict("<<10/3=3.33>>") == annotation_verdict::differs);
  CHECK(verdict("<<10*(2/3)=8>>") == annotation_verdict::differs);
  CHECK(verdict("<<100000000000+1=100000000002>>") == annotation_verdict::differs);
  CHECK(verdict("<<400-250=150 000>>") == annotation_verdict::malformed);
  CHECK(verdict("<<X-19.5=19.5>>") == annotation_verdict::malformed);
  CHECK(verdict("<<1/0=1e999>>") == annotation_verdict::malformed);
  CHECK(verdict("<<7>>") == annotation_verdict::malformed);
  CHECK(verdict("<<=>>") == annotation_verdict::malformed);
  auto const rounded = all("<<10/3=3.33>>")[0];
  CHECK(cohort::verify_annotation(rounded, {.absolute = 0.005}).verdict == annotation_verdict::holds);
}

TEST_CASE("annotation: megabytes of delimiters", "[reward][annotation]") {
  std::size_t const million = 1'000'000;
  CHECK(all(std::string(million, '<')).empty());
  CHECK(all(std::string(million, '>')).empty());
  CHECK(all(std::string(million, '<') + std::string(million, '>')).size() == 1);
  CHECK(all("<<" + std::string(million, '\n') + "1=1>>").empty());
  std::string text;
  while (text.size() < million) text += "<<1+1=2>>";
  CHECK(all(text).size() == text.size() / 9);
}
