// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/pattern.hpp>

#include <support/catch.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using cohort::pattern_error;
using cohort::text_pattern;

static_assert(text_pattern("a(b|c)*d").matches("abcbd"));
static_assert(!text_pattern("a(b|c)*d").matches("abxd"));

namespace {

bool matches(std::string_view const pattern, std::string_view const text) {
  text_pattern const compiled(pattern);
  CAPTURE(pattern);
  REQUIRE(compiled);
  return compiled.matches(text);
}

bool found(std::string_view const pattern, std::string_view const text) {
  text_pattern const compiled(pattern);
  REQUIRE(compiled);
  return compiled.found_in(text);
}

void check_error(std::string_view const pattern, pattern_error const error, std::size_t const position) {
  CAPTURE(pattern);
  text_pattern const compiled(pattern);
  CHECK_FALSE(compiled);
  CHECK(compiled.error() == error);
  CHECK(compiled.error_position() == position);
  CHECK_FALSE(compiled.matches(pattern));
  CHECK_FALSE(compiled.found_in(pattern));
}

std::string repeat(std::string_view const piece, std::size_t const times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

/// A second matcher that shares nothing with the first: a tree, and for each node the set of places where a match from
/// a set of places may end, one bit per place in a text of at most 31 bytes.
struct node {
  enum class kind { atom, sequence, choice, star, plus, optional } what = kind::sequence;
  std::string atom{};
  std::vector<node> children{};
};

bool atom_takes(std::string_view const atom, char const c) {
  if (atom == ".") return c != '\n';
  if (atom == "[ab]") return c == 'a' || c == 'b';
  if (atom == "[^a]") return c != 'a';
  if (atom == "[a-c]") return c >= 'a' && c <= 'c';
  if (atom == "\\d") return c == '1';
  if (atom == "\\w") return c != ' ' && c != '\n';
  if (atom == "\\s") return c == ' ' || c == '\n';
  return atom[0] == c;
}

std::uint32_t ends(node const& here, std::string_view const text, std::uint32_t starts);

std::uint32_t closure(node const& child, std::string_view const text, std::uint32_t places) {
  for (std::uint32_t before = 0; before != places;) {
    before = places;
    places |= ends(child, text, places);
  }
  return places;
}

std::uint32_t ends(node const& here, std::string_view const text, std::uint32_t const starts) {
  std::uint32_t found = 0;
  switch (here.what) {
  case node::kind::atom:
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (((starts >> i) & 1) != 0 && atom_takes(here.atom, text[i])) found |= std::uint32_t{2} << i;
    }
    return found;
  case node::kind::sequence:
    found = starts;
    for (node const& child : here.children) found = ends(child, text, found);
    return found;
  case node::kind::choice:
    for (node const& child : here.children) found |= ends(child, text, starts);
    return found;
  case node::kind::star:
    return closure(here.children[0], text, starts);
  case node::kind::plus:
    return closure(here.children[0], text, ends(here.children[0], text, starts));
  case node::kind::optional:
    break;
  }
  return starts | ends(here.children[0], text, starts);
}

std::string spell(node const& here) {
  std::string pattern;
  for (node const& child : here.children) {
    if (here.what == node::kind::choice && !pattern.empty()) pattern += '|';
    pattern += spell(child);
  }
  switch (here.what) {
  case node::kind::atom:
    return here.atom;
  case node::kind::sequence:
    return pattern;
  case node::kind::choice:
    return "(" + pattern + ")";
  case node::kind::star:
    return pattern + "*";
  case node::kind::plus:
    return pattern + "+";
  case node::kind::optional:
    break;
  }
  return pattern + "?";
}

node random_node(std::mt19937& random, int depth);

node random_sequence(std::mt19937& random, int const depth) {
  node made;
  for (std::size_t pieces = 1 + random() % 3; pieces > 0; --pieces) made.children.push_back(random_node(random, depth));
  return made;
}

node random_node(std::mt19937& random, int const depth) {
  static constexpr std::array<std::string_view, 11> atoms{"a",     "b",   "c",   ".",   "[ab]", "[^a]",
                                                          "[a-c]", "\\d", "\\w", "\\s", "1"};
  node made{.what = node::kind::atom, .atom = std::string(atoms[random() % atoms.size()])};
  if (depth > 0 && random() % 3 == 0) {
    made = {.what = node::kind::choice};
    for (std::size_t n = 1 + random() % 3; n > 0; --n) made.children.push_back(random_sequence(random, depth - 1));
  }
  switch (random() % 6) {
  case 0:
    return {.what = node::kind::star, .children = {made}};
  case 1:
    return {.what = node::kind::plus, .children = {made}};
  case 2:
    return {.what = node::kind::optional, .children = {made}};
  default:
    return made;
  }
}

std::string random_text(std::mt19937& random) {
  std::string text;
  for (std::size_t n = random() % 8; n > 0; --n) text += std::string_view("aabbc1 \n")[random() % 8];
  return text;
}

} // namespace

TEST_CASE("pattern: atoms", "[reward][pattern]") {
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("abc", "abc"));
  CHECK_FALSE(matches("abc", "abcd"));
  CHECK(matches("a.c", "axc"));
  CHECK_FALSE(matches("a.c", "a\nc"));
  CHECK(matches("\\d\\D\\w\\W\\s\\S", "1a_- x"));
  CHECK(matches("\\n\\t\\r", "\n\t\r"));
  CHECK(matches("\\.\\*\\(\\[\\\\\\{", ".*([\\{"));
  CHECK(matches("caf\xC3\xA9", "caf\xC3\xA9"));
  CHECK(matches("..", "\xC3\xA9"));
  CHECK(matches("a.b", std::string_view("a\0b", 3)));
}

TEST_CASE("pattern: classes", "[reward][pattern]") {
  CHECK(matches("[a-z0-9_]+", "abc_09"));
  CHECK_FALSE(matches("[a-z]", "A"));
  CHECK(matches("[^a-z]+", "A1\n\xFF"));
  CHECK(matches("[-a]+[a-]+", "-aa-"));
  CHECK(matches("[\\d\\s.]+", "1 2.\n"));
  CHECK(matches("[\\]\\-\\\\^]+", "]-\\^"));
  CHECK(matches("[\\s\\S]*", "any\nthing\xFF"));
  CHECK(matches("[^\\d]+", "abc"));
}

TEST_CASE("pattern: repetition, alternation, groups", "[reward][pattern]") {
  CHECK(matches("ab*c", "ac"));
  CHECK(matches("ab*c", "abbbc"));
  CHECK_FALSE(matches("ab+c", "ac"));
  CHECK(matches("ab?c", "abc"));
  CHECK(matches("a|bc|d", "bc"));
  CHECK_FALSE(matches("a|bc|d", "ac"));
  CHECK(matches("x(a|b|)y", "xy"));
  CHECK(matches("(ab)+(?:cd)*", "ababcd"));
  CHECK(matches("((a|b)*c|d)+", "abcdac"));
  CHECK(matches("(a*)*", "aaa"));
  CHECK(matches("()*a", "a"));
  CHECK(matches("a*?b+?c??", "aabbc"));
}

TEST_CASE("pattern: search and the text's ends", "[reward][pattern]") {
  CHECK(found("b+", "aabba"));
  CHECK_FALSE(found("bc", "aabba"));
  CHECK(found("", "abc"));
  CHECK(found("^a", "ab"));
  CHECK_FALSE(found("^b", "ab"));
  CHECK_FALSE(found("^b", "a\nb")); // a line's start is not the text's
  CHECK(found("b$", "ab"));
  CHECK_FALSE(found("a$", "ab"));
  CHECK_FALSE(found("b$", "ab\n"));
  CHECK_FALSE(found("a$", "a\nb"));
  CHECK(found("^$", ""));
  CHECK(matches("^a$", "a"));
  CHECK(found("(^|\\n)A: \\d+", "x\nA: 18"));
}

TEST_CASE("pattern: errors say what and where", "[reward][pattern]") {
  check_error("*a", pattern_error::nothing_to_repeat, 0);
  check_error("a**", pattern_error::nothing_to_repeat, 2);
  check_error("a|+", pattern_error::nothing_to_repeat, 2);
  check_error("(?)", pattern_error::unsupported, 0);
  check_error("(a", pattern_error::unbalanced_group, 2);
  check_error("a)", pattern_error::unbalanced_group, 1);
  check_error("x[ab", pattern_error::bad_class, 1);
  check_error("[", pattern_error::bad_class, 0);
  check_error("[]", pattern_error::bad_class, 0);
  check_error("[^]", pattern_error::bad_class, 0);
  check_error("[b-a]", pattern_error::bad_class, 0);
  check_error("[\\d-z]", pattern_error::bad_class, 0);
  check_error("[a-\\d]", pattern_error::bad_class, 0);
  check_error("[\xC3\xA9]", pattern_error::bad_class, 0);
  check_error("ab\\", pattern_error::bad_escape, 2);
  check_error("\\bword", pattern_error::bad_escape, 0);
  check_error("(a)\\1", pattern_error::bad_escape, 3);
  check_error("[\\q]", pattern_error::bad_escape, 0);
  check_error("[\\", pattern_error::bad_escape, 0);
  check_error("a{2}", pattern_error::unsupported, 1);
  check_error("(?=a)", pattern_error::unsupported, 0);
}

TEST_CASE("pattern: the limits", "[reward][pattern]") {
  std::size_t const most = cohort::max_pattern_instructions;
  CHECK(matches(repeat("a", most - 1), repeat("a", most - 1)));
  check_error(repeat("a", most), pattern_error::too_long, most - 1);
  std::size_t const depth = cohort::max_pattern_depth;
  CHECK(matches(repeat("(", depth) + "a" + repeat(")", depth), "a"));
  check_error(repeat("(", depth + 1), pattern_error::too_deep, depth);
  std::string classes;
  for (char c = '0'; c < '0' + 40; ++c) classes += std::string("[\\") + "!" + (c == '\\' ? '0' : c) + "]";
  CHECK(text_pattern(classes).error() == pattern_error::too_many_classes);
  CHECK(matches(repeat("[a-z]", 200), repeat("q", 200)));
  CHECK_FALSE(text_pattern(repeat("a*|", 1000)));
  CHECK_FALSE(text_pattern(repeat("(a|", 1'000'000)));
}

TEST_CASE("pattern: what stops a backtracking matcher", "[reward][pattern]") {
  std::string const as(100'000, 'a');
  CHECK_FALSE(matches("(a+)+b", as));
  CHECK(matches("(a+)+", as));
  CHECK(found("(a+)+$", as));
  CHECK_FALSE(matches("((a*)*)*b", as));
  CHECK_FALSE(matches("(a|a)*b", as));
  CHECK_FALSE(matches("(a|aa)+$b", as));
  CHECK_FALSE(found("(.*)(.*)(.*)(.*)(.*)[^a]", as));
  CHECK_FALSE(matches(repeat("a?", 60) + repeat("a", 60) + "b", as));
  CHECK(matches("<think>[\\s\\S]*</think>\\n?A: -?[\\d,.]+",
                "<think>" + repeat("<th\ni>", 200'000) + "</think>\nA: 1,8"));
  CHECK_FALSE(matches("(\\w+\\s?)*!", repeat("word ", 50'000)));
}

TEST_CASE("pattern: random patterns agree with a second matcher", "[reward][pattern]") {
  std::mt19937 random(7);
  for (int i = 0; i < 4000; ++i) {
    node const tree = random_sequence(random, 3);
    std::string const pattern = spell(tree);
    text_pattern const compiled(pattern);
    CAPTURE(pattern);
    if (compiled.error() == pattern_error::too_long) continue;
    REQUIRE(compiled);
    for (int j = 0; j < 8; ++j) {
      std::string const text = random_text(random);
      CAPTURE(text);
      std::uint32_t const anywhere = (std::uint32_t{2} << text.size()) - 1;
      CHECK(compiled.matches(text) == (((ends(tree, text, 1) >> text.size()) & 1) != 0));
      CHECK(compiled.found_in(text) == (ends(tree, text, anywhere) != 0));
    }
  }
}
