// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A byte-level language model small enough to train in seconds, with its backward pass written by hand.
///
///   hidden[n] = tanh(hidden_bias + sum_k embedding[k][window[n,k]])      k = 0 ... context - 1
///   logits[n] = output_bias + hidden[n] * output
///
/// Row n predicts one byte from the `context` bytes before it, oldest first. embedding[k] is 256 x hidden: a linear
/// layer over one-hot bytes, so a row costs `context` additions of vectors in place of a matrix product.
#pragma once

#include "random.hpp"

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gsm8k {

inline constexpr Eigen::Index vocabulary = 256;

template <class Scalar>
using row_matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The bytes of completions and what stands before each: completions packed one after another.
struct token_batch {
  row_matrix<std::uint8_t> window;            ///< [tokens, context], 0 before the beginning of the prompt
  std::vector<std::int32_t> token;            ///< [tokens]
  std::vector<std::int64_t> sequence_offsets; ///< [completions + 1]

  [[nodiscard]] Eigen::Index tokens() const { return static_cast<Eigen::Index>(token.size()); }
};

/// A prompt and its completion as bytes; the completion ends with the byte 0, which is a token like the others.
struct encoded_text {
  std::vector<std::uint8_t> bytes;
  std::size_t completion_begin{};

  encoded_text(std::string_view prompt, std::string_view completion);
  [[nodiscard]] std::size_t completion_tokens() const { return bytes.size() - completion_begin; }
};

token_batch make_batch(std::span<encoded_text const* const> texts, Eigen::Index context);

struct model_shape {
  Eigen::Index context = 12;
  Eigen::Index hidden = 192;
};

/// Where the tensors lie in one vector of parameters, or of their gradient.
template <class Scalar>
class parameter_views {
public:
  using vector = Eigen::Matrix<std::remove_const_t<Scalar>, 1, Eigen::Dynamic>;
  template <class Tensor>
  using map = Eigen::Map<std::conditional_t<std::is_const_v<Scalar>, Tensor const, Tensor>>;
  using matrix = row_matrix<std::remove_const_t<Scalar>>;

  parameter_views(Scalar* data, model_shape shape);

  static Eigen::Index count(model_shape shape);

  map<matrix> embedding; ///< [context * 256, hidden]
  map<vector> hidden_bias;
  map<matrix> output; ///< [hidden, 256]
  map<vector> output_bias;
};

/// What a forward pass leaves behind for the backward pass. Kept between calls, it allocates only to grow.
template <class Scalar>
class activations {
public:
  using map = Eigen::Map<row_matrix<Scalar>>;

  void resize(Eigen::Index tokens, model_shape shape);

  map hidden() { return {hidden_.data(), tokens_, shape_.hidden}; }
  map d_hidden() { return {d_hidden_.data(), tokens_, shape_.hidden}; }
  map logits() { return {logits_.data(), tokens_, vocabulary}; } ///< their gradient, after its kernel ran in place

private:
  Eigen::Index tokens_ = 0;
  model_shape shape_;
  std::vector<Scalar> hidden_, d_hidden_, logits_;
};

template <class Scalar>
class byte_model {
public:
  using parameter_vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

  /// Weights uniform in +-sqrt(3 / (number of terms in their sum)), biases 0.
  byte_model(model_shape shape, random_source& random);

  [[nodiscard]] model_shape shape() const { return shape_; }
  [[nodiscard]] parameter_vector& parameters() { return parameters_; }
  [[nodiscard]] parameter_vector const& parameters() const { return parameters_; }

  /// Fills state.hidden() and state.logits().
  void forward(token_batch const& batch, activations<Scalar>& state) const;

  /// Adds to `gradient` (laid out like the parameters) the derivative of the loss, given d loss / d logits in
  /// state.logits():
  ///   d_output    += hidden^T * d_logits             d_output_bias += sum_n d_logits[n]
  ///   d_hidden     = (d_logits * output^T) .* (1 - hidden^2)
  ///   d_embedding[k][window[n,k]] += d_hidden[n]     d_hidden_bias += sum_n d_hidden[n]
  void backward(token_batch const& batch, activations<Scalar>& state, parameter_vector& gradient) const;

private:
  [[nodiscard]] parameter_views<Scalar const> views() const { return {parameters_.data(), shape_}; }

  model_shape shape_;
  parameter_vector parameters_;
};

extern template class parameter_views<float>;
extern template class parameter_views<float const>;
extern template class parameter_views<double>;
extern template class parameter_views<double const>;
extern template class activations<float>;
extern template class activations<double>;
extern template class byte_model<float>;
extern template class byte_model<double>;

} // namespace gsm8k
