// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where a story takes place: a context and its memory. A story asks for inputs and outputs, runs one call on them, and
/// what the outputs then hold is recorded.
///
///   struct a_story {
///     template <class Stage> void operator()(Stage& on) const {
///       auto const x = on.input(std::vector<float>{...});                 // a view in the context's memory
///       auto const y = on.template output<float>("y", 10, {.places = 1}); // NaN beforehand
///       auto* const report = on.template report<cohort::loss_sums>("report", {...});
///       on.run([&](auto& context) { cohort::algorithm(context, ...); });
///     }
///   };
///
/// Every buffer stands between guard bytes. `run` hands the call to a conductor, which may prepare the memory, make the
/// call and collect as often as it likes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <cohort/core/view.hpp>

#include <cases/stories/outcome.hpp>
#include <cases/stories/reports.hpp>

namespace stories {

/// The memory of a context: allocation, and copies in the order of the context's work.
class memory {
public:
  memory() = default;
  memory(memory const&) = delete;
  memory& operator=(memory const&) = delete;
  virtual ~memory() = default;
  virtual void* allocate(std::size_t bytes) = 0; ///< 256-byte aligned
  virtual void release(void* pointer) = 0;
  virtual void write(void* to, void const* from, std::size_t bytes) = 0;
  virtual void fill(void* to, unsigned char value, std::size_t bytes) = 0;
  virtual void read(void* to, void const* from, std::size_t bytes) = 0; ///< has arrived when it returns

  std::size_t guard = 256;      ///< bytes on either side of a buffer
  std::size_t elements_off = 0; ///< how far every buffer stands from its alignment
};

class host_memory final : public memory {
public:
  void* allocate(std::size_t bytes) override { return ::operator new(bytes, alignment); }
  void release(void* pointer) override { ::operator delete(pointer, alignment); }
  void write(void* to, void const* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void fill(void* to, unsigned char value, std::size_t bytes) override { std::memset(to, value, bytes); }
  void read(void* to, void const* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }

private:
  static constexpr std::align_val_t alignment{256};
};

inline constexpr unsigned char poison = 0xff, guard_byte = 0xa5;

/// Buffers and what becomes of them.
class recording {
public:
  explicit recording(memory& where) : memory_(where) {}
  recording(recording const&) = delete;
  recording& operator=(recording const&) = delete;
  ~recording() {
    for (buffer const& b : buffers_) memory_.release(b.base);
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (buffer const& b : buffers_) sum += b.bytes;
    return sum;
  }
  /// Guards, inputs and poison, as before the first call.
  void prepare() {
    for (buffer const& b : buffers_) {
      memory_.fill(b.base, guard_byte, b.lead);
      if (b.initial.empty())
        memory_.fill(b.base + b.lead, poison, b.bytes);
      else
        memory_.write(b.base + b.lead, b.initial.data(), b.bytes);
      memory_.fill(b.base + b.lead + b.bytes, guard_byte, memory_.guard);
    }
  }
  [[nodiscard]] outcome collect() const {
    outcome out;
    for (buffer const& b : buffers_) {
      std::vector<unsigned char> bytes(b.lead + b.bytes + memory_.guard);
      memory_.read(bytes.data(), b.base, bytes.size());
      for (std::size_t i = 0; i < bytes.size(); ++i)
        if ((i < b.lead || i >= b.lead + b.bytes) && bytes[i] != guard_byte) out.guards_untouched = false;
      unsigned char const* const data = bytes.data() + b.lead;
      if (b.tell)
        b.tell(data, out);
      else if (b.bytes > 0 && std::memcmp(data, b.initial.data(), b.bytes) != 0)
        out.inputs_untouched = false;
    }
    return out;
  }

protected:
  using teller = std::function<void(unsigned char const*, outcome&)>;

  template <class T>
  T* take(std::size_t count, std::vector<unsigned char> initial, teller tell) {
    buffer b{nullptr, memory_.guard + memory_.elements_off * sizeof(T), count * sizeof(T), std::move(initial),
             std::move(tell)};
    b.base = static_cast<unsigned char*>(memory_.allocate(b.lead + b.bytes + memory_.guard));
    buffers_.push_back(std::move(b));
    return reinterpret_cast<T*>(buffers_.back().base + buffers_.back().lead);
  }
  template <class T>
  static std::vector<unsigned char> bytes_of(std::vector<T> const& x) {
    std::vector<unsigned char> bytes(x.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), x.data(), bytes.size());
    return bytes;
  }
  template <class T>
  static teller numbers(std::string name, std::size_t count, budget allowed) {
    return [=](unsigned char const* data, outcome& out) {
      column c{name, std::vector<double>(count), allowed, precision_of<T>()};
      for (std::size_t i = 0; i < count; ++i) {
        T x{};
        std::memcpy(&x, data + i * sizeof(T), sizeof x);
        c.values[i] = cohort::detail::widen<double>(&x);
      }
      out.columns.push_back(std::move(c));
    };
  }

private:
  struct buffer {
    unsigned char* base;
    std::size_t lead, bytes;
    std::vector<unsigned char> initial; ///< empty: poison
    teller tell;                        ///< none of an input
  };

  memory& memory_;
  std::vector<buffer> buffers_;
};

/// What a story draws is the same whenever it is told: drawn once.
template <class Batch>
class drawn_once {
public:
  template <class... Arguments>
  Batch const& operator()(Arguments const&... arguments) const {
    if (!batch_) batch_ = std::make_shared<Batch const>(arguments...);
    return *batch_;
  }

private:
  mutable std::shared_ptr<Batch const> batch_;
};

/// Called with the recording and the call itself.
using conductor = std::function<void(recording&, std::function<void()> const&)>;

template <class Context>
class stage : public recording {
public:
  using space = typename Context::memory_space;
  using context_type = Context;
  template <class T>
  using vector = cohort::view<T, 1, space>;
  template <class T>
  using matrix = cohort::view<T, 2, space>;

  stage(Context& context, memory& where, conductor conduct)
      : recording(where), context_(context), conduct_(std::move(conduct)) {}

  template <class T>
  vector<T const> input(std::vector<T> const& x) {
    return {take<T>(x.size(), bytes_of(x), nullptr), {static_cast<index_t>(x.size())}, {1}};
  }
  template <class T>
  vector<T> output(std::string name, index_t count, budget allowed) {
    auto const n = static_cast<std::size_t>(count);
    return {take<T>(n, {}, numbers<T>(std::move(name), n, std::move(allowed))), {count}, {1}};
  }
  /// An output with something in it beforehand: written in place, or added to.
  template <class T>
  vector<T> output_over(std::string name, std::vector<T> const& x, budget allowed) {
    return {take<T>(x.size(), bytes_of(x), numbers<T>(std::move(name), x.size(), std::move(allowed))),
            {static_cast<index_t>(x.size())},
            {1}};
  }
  template <class Sums>
  Sums* report(std::string name, report_budget const& allowed) {
    return take<Sums>(1, {}, [=](unsigned char const* data, outcome& out) {
      Sums sums;
      std::memcpy(static_cast<void*>(&sums), data, sizeof sums);
      for_each_figure(sums, [&](char const* figure, double value, kind what) {
        out.columns.push_back({name + "." + figure, {value}, allowed.of(what), {}});
      });
    });
  }

  template <class F>
  void run(F const& call) {
    conduct_(*this, [&] { call(context_); });
  }

private:
  Context& context_;
  conductor conduct_;
};

/// Rows of a vector, `pitch` elements apart.
template <class T, class Space>
cohort::view<T, 2, Space> as_matrix(cohort::view<T, 1, Space> const& x, index_t rows, index_t columns, index_t pitch) {
  return {x.data, {rows, columns}, {pitch, 1}};
}
template <class T, class Space>
cohort::view<T, 2, Space> as_matrix(cohort::view<T, 1, Space> const& x, index_t rows, index_t columns) {
  return as_matrix(x, rows, columns, columns);
}
/// Every second element.
template <class T, class Space>
cohort::view<T, 1, Space> every_second(cohort::view<T, 1, Space> const& x) {
  return {x.data, {(x.extent[0] + 1) / 2}, {2}};
}

/// Prepared, called, collected: once.
template <class Context, class Story>
outcome told(Context& context, memory& where, Story const& story) {
  outcome out;
  stage<Context> on(context, where, [&](recording& record, std::function<void()> const& call) {
    record.prepare();
    call();
    out = record.collect();
  });
  story(on);
  return out;
}

} // namespace stories
