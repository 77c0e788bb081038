// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace gsm8k {

/// A file that appears at once and whole, or not at all: written under another name beside its place and renamed at the
/// end. Until then, and for good if the work fails, a file that was there before stays as it was.
class staged_file {
public:
  /// Errors   std::runtime_error: the folder cannot be made or written to.
  explicit staged_file(std::filesystem::path place) : place_{std::move(place)}, partial_{place_.string() + ".partial"} {
    std::error_code ignored;
    if (place_.has_parent_path()) std::filesystem::create_directories(place_.parent_path(), ignored);
    stream_.open(partial_, std::ios::binary | std::ios::trunc);
    if (!stream_) throw std::runtime_error{partial_.string() + ": cannot be written"};
  }
  staged_file(staged_file const&) = delete;
  staged_file& operator=(staged_file const&) = delete;
  ~staged_file() {
    std::error_code ignored;
    if (!committed_) stream_.close(), std::filesystem::remove(partial_, ignored);
  }

  /// Gives the file its content; it is complete on the disk, though not in its place.
  void write(std::string const& content) {
    stream_ << content;
    stream_.close();
    if (!stream_) throw std::runtime_error{partial_.string() + ": writing failed"};
  }

  /// Puts it in its place.
  void commit() {
    std::filesystem::rename(partial_, place_);
    committed_ = true;
  }

private:
  std::filesystem::path place_, partial_;
  std::ofstream stream_;
  bool committed_ = false;
};

} // namespace gsm8k
