// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rollouts.hpp"

#include "rewards.hpp"

#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <utility>

namespace gsm8k {
namespace {

using json = nlohmann::ordered_json; // keeps the order of the keys, hence of the completions

/// The reason why a line is refused; the reader adds the file and the line.
struct refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string quoted(std::string const& key) { return "\"" + key + "\""; }

std::string text(json const& object, std::string const& key, std::string const& where) {
  auto const found = object.find(key);
  if (found == object.end()) throw refusal{where + "lacks " + quoted(key)};
  if (!found->is_string()) throw refusal{where + quoted(key) + " is " + found->type_name() + ", not a string"};
  if (found->get_ref<std::string const&>().empty()) throw refusal{where + quoted(key) + " is empty"};
  return found->get<std::string>();
}

completion completion_of(std::string const& key, json const& value) {
  std::string const where = "completion " + quoted(key) + ": ";
  completion result{key, text(value, "solution", where), {}};
  if (auto const label = value.find("is_correct"); label != value.end()) {
    if (!label->is_boolean()) throw refusal{where + "\"is_correct\" is " + label->type_name() + ", not a boolean"};
    result.labelled = label->get<bool>();
  }
  return result;
}

json parsed(std::string const& line) {
  try {
    return json::parse(line);
  } catch (json::exception const& problem) {
    throw refusal{std::string{"not JSON: "} + problem.what()};
  }
}

rollout_group group_of(std::string const& line) {
  json const object = parsed(line);
  if (!object.is_object()) throw refusal{std::string{"is "} + object.type_name() + ", not an object"};
  rollout_group group{text(object, "question", ""), text(object, "ground_truth", ""), {}};
  if (!states_final_number(group.reference))
    throw refusal{"\"ground_truth\" states no final number (a line `A: <number>`)"};
  for (auto const& [key, value] : object.items())
    if (value.is_object()) group.completions.push_back(completion_of(key, value));
  if (group.completions.empty()) throw refusal{"has no completion"};
  return group;
}

} // namespace

malformed_rollouts::malformed_rollouts(std::string const& file, std::size_t line, std::string const& reason)
    : std::runtime_error{file + ":" + std::to_string(line) + ": " + reason} {}

std::vector<rollout_group> read_rollouts(std::istream& input, std::string const& name) {
  std::vector<rollout_group> groups;
  std::size_t number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    try {
      groups.push_back(group_of(line));
    } catch (refusal const& reason) {
      throw malformed_rollouts{name, number, reason.what()};
    }
  }
  if (input.bad()) throw std::runtime_error{name + ": reading failed"};
  if (groups.empty()) throw malformed_rollouts{name, 1, "the file is empty"};
  return groups;
}

std::vector<rollout_group> read_rollouts(std::filesystem::path const& file) {
  std::ifstream input{file, std::ios::binary};
  if (!input || std::filesystem::is_directory(file)) throw std::runtime_error{file.string() + ": cannot be opened"};
  return read_rollouts(input, file.string());
}

} // namespace gsm8k
