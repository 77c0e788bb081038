// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the peers' own code returned (tests/parity/data): inputs shared by all cases, and per case the peer's options
/// and outputs under the names that the peer gives them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace parity {

/// Row-major.
struct array {
  std::vector<std::int64_t> shape;
  std::vector<double> data;
};

/// Nested names joined with '/': "metrics/kl". Booleans are 0 and 1, lists of numbers arrays; null is absent.
struct dictionary {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
  std::map<std::string, array> arrays;

  [[nodiscard]] bool has(std::string const& name) const { return numbers.contains(name) || arrays.contains(name); }
  [[nodiscard]] double number(std::string const& name, double otherwise) const {
    auto const found = numbers.find(name);
    return found == numbers.end() ? otherwise : found->second;
  }
  [[nodiscard]] double number(std::string const& name) const { return numbers.at(name); }
  [[nodiscard]] std::string text(std::string const& name, std::string const& otherwise = {}) const {
    auto const found = texts.find(name);
    return found == texts.end() ? otherwise : found->second;
  }
  [[nodiscard]] std::vector<double> const& data(std::string const& name) const { return arrays.at(name).data; }
};

struct peer_case {
  std::string name; ///< "trl loss/grpo/k3"
  dictionary options, outputs;
};

struct recording {
  dictionary inputs;
  std::vector<peer_case> cases;

  [[nodiscard]] std::vector<double> const& input(std::string const& name) const { return inputs.data(name); }
  [[nodiscard]] std::vector<std::uint8_t> mask(std::string const& name) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string const& name) const;
};

/// Read once each.
recording const& trl();
recording const& verl();
recording const& liger();

} // namespace parity
