// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every case that TRL, verl and Liger returned is reproduced by a call of ours or stands in not_covered.txt with a reason. The
/// list only shrinks.
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include <parity/recipe.hpp>
#include <support/catch.hpp>

namespace {

using parity::peer_case;

std::vector<peer_case const*> all_cases() {
  std::vector<peer_case const*> all;
  for (auto const* peer : {&parity::trl(), &parity::verl(), &parity::liger()})
    for (auto const& c : peer->cases) all.push_back(&c);
  return all;
}

std::optional<parity::recipe> recipe_of(peer_case const& c) {
  if (c.name.find("liger ") == 0) return parity::liger_recipe(c);
  return c.name.find("trl ") == 0 ? parity::trl_recipe(c) : parity::verl_recipe(c);
}

/// name -> reason, from lines "name: reason"; # begins a comment.
std::map<std::string, std::string> not_covered() {
  std::ifstream file(COHORT_SOURCE_DIR "/tests/parity/not_covered.txt");
  REQUIRE(file);
  std::map<std::string, std::string> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    auto const colon = line.find(": ");
    INFO(line);
    REQUIRE(colon != std::string::npos);
    REQUIRE(all.emplace(line.substr(0, colon), line.substr(colon + 2)).second);
  }
  return all;
}

/// The largest distance, in units of max(1, |expected|); infinite where shapes differ or a NaN has no partner.
double distance(parity::values const& found, parity::values const& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) && std::isnan(expected[i])) continue;
    double const d = std::fabs(found[i] - expected[i]) / std::fmax(1, std::fabs(expected[i]));
    worst = d <= worst ? worst : std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

/// Every recorded output is compared, or why not is said.
void check_complete(peer_case const& c, parity::recipe const& how, std::vector<parity::comparison> const& compared) {
  std::set<std::string> said;
  for (auto const& [name, why] : how.not_compared) said.insert(name);
  for (auto const& x : compared) said.insert(x.output);
  for (auto const& [name, x] : c.outputs.numbers) {
    INFO(c.name << ": nothing is said of " << name);
    CHECK(said.contains(name));
  }
  for (auto const& [name, x] : c.outputs.arrays) {
    INFO(c.name << ": nothing is said of " << name);
    CHECK(said.contains(name));
  }
}

void check_all(std::unique_ptr<parity::engine> const& e) {
  INFO("on " << e->name);
  for (peer_case const* c : all_cases()) {
    auto const how = recipe_of(*c);
    if (!how || (e->in_float && !how->in_float)) continue;
    auto const compared = how->run(*e);
    check_complete(*c, *how, compared);
    for (auto const& x : compared) {
      INFO(c->name << ": " << x.output << ' ' << x.layout << " by " << how->ours);
      double const allowed = e->in_float ? std::fmax(x.tolerance, parity::tolerance::in_float) : x.tolerance;
      CHECK(distance(x.found, x.expected) <= allowed);
    }
  }
}

} // namespace

TEST_CASE("parity: every recorded case is reproduced or named", "[parity]") {
  auto const listed = not_covered();
  std::set<std::string> seen, not_compared;
  int reproduced = 0;
  for (peer_case const* c : all_cases()) {
    seen.insert(c->name);
    auto const how = recipe_of(*c);
    INFO(c->name << " is both reproduced and listed, or neither");
    CHECK(how.has_value() != listed.contains(c->name));
    reproduced += how.has_value();
    if (!how) continue;
    for (auto const& [name, why] : how->not_compared)
      not_compared.insert(c->name.substr(0, c->name.find(' ') + 1) + name + ": " + why);
  }
  for (auto const& [name, reason] : listed) {
    INFO(name << " is listed but was never recorded");
    CHECK(seen.contains(name));
  }
  CHECK(seen.size() == 216);
  std::cout << "parity: " << reproduced << " of " << seen.size() << " peer cases reproduced; not yet:\n";
  for (auto const& [name, reason] : listed) std::cout << "  " << name << ": " << reason << '\n';
  std::cout << "not compared:\n";
  for (auto const& line : not_compared) std::cout << "  " << line << '\n';
}

// `loss/...` in docs/which_normaliser.md proves a line of its tables.
TEST_CASE("parity: the cases that the documentation names are reproduced", "[parity]") {
  std::ifstream page(COHORT_SOURCE_DIR "/docs/which_normaliser.md");
  REQUIRE(page);
  std::set<std::string> reproduced;
  for (peer_case const* c : all_cases())
    if (recipe_of(*c)) reproduced.insert(c->name);
  int named = 0;
  std::string const begin = "`loss/";
  for (std::string line; std::getline(page, line);)
    for (auto at = line.find(begin); at != std::string::npos; at = line.find(begin, at + 1)) {
      std::string const name = line.substr(at + 1, line.find('`', at + 1) - at - 1);
      INFO(name);
      CHECK((reproduced.contains("trl " + name) || reproduced.contains("verl " + name)));
      ++named;
    }
  CHECK(named > 20);
}

TEST_CASE("parity: the reference in double", "[parity]") { check_all(parity::reference_engine()); }
TEST_CASE("parity: the device's order in double", "[parity]") { check_all(parity::emulated_block_engine()); }
TEST_CASE("parity: Eigen in double", "[parity]") { check_all(parity::eigen_engine()); }
TEST_CASE("parity: Eigen in float", "[parity]") { check_all(parity::eigen_float_engine()); }
TEST_CASE("parity: Thrust in double and in float", "[parity]") {
  for (auto const& e : parity::thrust_engines()) check_all(e);
}
