// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The rollouts that the tests of the example read, and a folder to write into.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

namespace rollout_files {

inline std::filesystem::path shipped() {
  return std::filesystem::path{COHORT_SOURCE_DIR} / "examples" / "data" / "gsm8k_style.jsonl";
}

/// The real rollouts, which are not part of the project: in $COHORT_SHARED_DATA, in COHORT_SHARED_DATA_DIR, or beside
/// the source tree.
inline std::optional<std::filesystem::path> real() {
  std::filesystem::path folder = std::filesystem::path{COHORT_SOURCE_DIR}.parent_path() / "shared" / "data";
#if defined(COHORT_SHARED_DATA_DIR)
  folder = COHORT_SHARED_DATA_DIR;
#endif
  if (char const* named = std::getenv("COHORT_SHARED_DATA")) folder = named;
  auto const file = folder / "gsm8k" / "example_model_solutions.jsonl";
  return std::filesystem::exists(file) ? std::optional{file} : std::nullopt;
}

/// An empty folder of its own, gone at the end.
class scratch_folder {
public:
  explicit scratch_folder(std::string const& name)
      : path_{std::filesystem::temp_directory_path() / ("cohort_" + name + "_" + std::to_string(std::rand()))} {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path operator/(std::string const& name) const { return path_ / name; }
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }

private:
  std::filesystem::path path_;
};

inline void write(std::filesystem::path const& file, std::string const& content) {
  std::ofstream{file, std::ios::binary} << content;
}

inline std::string read(std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

inline std::size_t all_threads() { return (std::max)(1U, std::thread::hardware_concurrency()); }

} // namespace rollout_files
