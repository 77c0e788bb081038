// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <parity/recording.hpp>

#include <fstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace parity {

namespace {

using nlohmann::json;

bool is_number(json const& x) { return x.is_number() || x.is_boolean() || x == "nan" || x == "inf" || x == "-inf"; }

double number_of(json const& x) {
  if (x.is_boolean()) return x.get<bool>() ? 1 : 0;
  return x.is_string() ? std::stod(x.get<std::string>()) : x.get<double>();
}

array array_of(json const& data, json const& shape) {
  array a;
  for (auto const& n : shape) a.shape.push_back(n.get<std::int64_t>());
  for (auto const& x : data) a.data.push_back(number_of(x));
  return a;
}

void flatten(json const& from, std::string const& prefix, dictionary& into) {
  for (auto const& [key, x] : from.items()) {
    std::string const name = prefix + key;
    if (is_number(x))
      into.numbers[name] = number_of(x);
    else if (x.is_string())
      into.texts[name] = x.get<std::string>();
    else if (x.is_array())
      into.arrays[name] = array_of(x, json::array({x.size()}));
    else if (x.is_object() && x.contains("shape"))
      into.arrays[name] = array_of(x["data"], x["shape"]);
    else if (x.is_object())
      flatten(x, name + "/", into);
  }
}

recording load(std::string const& peer) {
  std::ifstream file(std::string(COHORT_SOURCE_DIR) + "/tests/parity/data/" + peer + ".json");
  if (!file) throw std::runtime_error("tests/parity/data/" + peer + ".json cannot be read");
  auto const document = json::parse(file);
  recording r;
  flatten(document["inputs"], "", r.inputs);
  for (auto const& c : document["cases"]) {
    peer_case one{peer + " " + c["name"].get<std::string>(), {}, {}};
    flatten(c["options"], "", one.options);
    flatten(c["outputs"], "", one.outputs);
    r.cases.push_back(std::move(one));
  }
  return r;
}

template <class X>
std::vector<X> converted(std::vector<double> const& x) {
  std::vector<X> y;
  for (double const v : x) y.push_back(static_cast<X>(v));
  return y;
}

} // namespace

std::vector<std::uint8_t> recording::mask(std::string const& name) const {
  return converted<std::uint8_t>(input(name));
}
std::vector<std::int64_t> recording::integers(std::string const& name) const {
  return converted<std::int64_t>(input(name));
}

recording const& trl() {
  static recording const r = load("trl");
  return r;
}
recording const& verl() {
  static recording const r = load("verl");
  return r;
}
recording const& liger() {
  static recording const r = load("liger");
  return r;
}

} // namespace parity
