// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Every rule on texts made to hurt it: the answers are bounded, in range and inside the text.
#include <cohort/reward/verify.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <cstddef>
#include <random>
#include <string>

namespace {

constexpr std::string_view reference = "16 - 3 - 4 = <<16-3-4=9>>9\n9 * 2 = $<<9*2=18>>18\nA: 18";
constexpr std::string_view alphabet = "0123456789.,-+*/()%<>=\n A:#$xe|[]^\\\xE2\x88\x92\xC3\x97\xFF";

bool is_reward(double const reward) { return reward == 0.0 || reward == 1.0 || std::isnan(reward); }

/// All rules; false if one of them answers out of range. One check per text keeps the tests quick.
bool survives(std::string_view const text) {
  static cohort::text_pattern const shape("([^\\n]*\\n)*A: -?[\\d,]+(\\.\\d+)?\\n?");
  std::string_view const start = text.substr(0, 20'000); // the matcher's own tests are longer
  bool good = is_reward(cohort::final_number_match(text, reference)) &&
              is_reward(cohort::final_number_match(reference, text)) && is_reward(cohort::format_match(start, shape)) &&
              is_reward(cohort::format_match(start, shape, cohort::match_extent::anywhere));
  cohort::expression_result const result = cohort::evaluate_expression(text);
  good = good && (result ? std::isfinite(result.value) : std::isnan(result.value) && result.position <= text.size());
  std::size_t passed = 0;
  cohort::for_each_number(text, [&](cohort::parsed_number const& number) {
    good = good && number.begin >= passed && number.begin < number.end && number.end <= text.size();
    good = good && (!number || std::isfinite(number.value));
    passed = number.end;
  });
  cohort::for_each_step_reward(text, cohort::reference_values(reference),
                               [&](cohort::solution_step const& step, double const reward) {
                                 good = good && is_reward(reward) && step.last < text.size();
                               });
  return good && cohort::reference_values(text).size() <= cohort::reference_values::capacity;
}

std::string random_text(std::mt19937& random, std::size_t const size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

} // namespace

TEST_CASE("hostile: random bytes", "[reward][hostile]") {
  std::mt19937 random(1);
  std::size_t survived = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 64, ' ');
    for (char& c : text) c = static_cast<char>(random() & 0xFF);
    survived += survives(text) && survives(random_text(random, random() % 64)) ? 1u : 0u;
  }
  CHECK(survived == 20'000);
}

TEST_CASE("hostile: slices and damages of an annotated text", "[reward][hostile]") {
  std::mt19937 random(2);
  std::size_t survived = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::size_t const begin = random() % reference.size();
    std::string text(reference.substr(begin, random() % reference.size()));
    for (std::size_t n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    text += reference.substr(random() % reference.size());
    survived += survives(text) ? 1u : 0u;
  }
  CHECK(survived == 20'000);
}

TEST_CASE("hostile: random patterns never harm, compiled or not", "[reward][hostile]") {
  std::mt19937 random(3);
  constexpr std::string_view pieces = "ab()|*+?[]^-\\dwsn.$:{}\xFF";
  std::size_t compiled = 0;
  std::size_t consistent = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern;
    for (std::size_t n = random() % 24; n > 0; --n) pattern += pieces[random() % pieces.size()];
    cohort::text_pattern const made(pattern);
    std::string const text = random_text(random, 16) + "abab";
    compiled += made ? 1u : 0u;
    consistent += (!made.matches(text) || made.found_in(text)) && made.error_position() <= pattern.size() ? 1u : 0u;
  }
  CHECK(compiled > 100);
  CHECK(consistent == 20'000);
}

TEST_CASE("hostile: a megabyte of anything", "[reward][hostile]") {
  std::size_t const million = 1'000'000;
  for (std::string_view const piece : {"9",
                                       "0",
                                       ".",
                                       ",",
                                       "-",
                                       "+",
                                       "(",
                                       "<",
                                       ">",
                                       "<<",
                                       ">>",
                                       "<<1",
                                       "=",
                                       " ",
                                       "\n",
                                       "A:",
                                       "#",
                                       "$",
                                       "e",
                                       "/",
                                       "1/",
                                       "1,",
                                       "1,234,",
                                       "1e9",
                                       "<<1+1=2>>",
                                       "<<1+1=2>>\n",
                                       "<<((((",
                                       "A: 1\n",
                                       "\xE2\x88\x92",
                                       "\xE2",
                                       "1+",
                                       "1*",
                                       "(1)",
                                       "A: 1e999",
                                       "%"}) {
    std::string text;
    while (text.size() < million) text += piece;
    CAPTURE(piece);
    CHECK(survives(text));
  }
  CHECK(survives(std::string(million, '\0')));
  CHECK(survives("A: " + std::string(million, '1')));
  CHECK(survives(std::string(million, '<') + "1=1" + std::string(million, '>')));
  std::mt19937 random(4);
  CHECK(survives(random_text(random, million)));
}

TEST_CASE("hostile: a completion cannot buy a reward by listing answers", "[reward][hostile]") {
  CHECK(cohort::final_number_match("A: 17 18 19", reference) == 0.0);
  CHECK(cohort::final_number_match("A: 18\nA: 19", reference) == 0.0);
  CHECK(cohort::final_number_match("A: nan\nA: inf", reference) == 0.0);
  CHECK(cohort::final_number_match(std::string_view("A: 18\0", 6), reference) == 1.0);
}
