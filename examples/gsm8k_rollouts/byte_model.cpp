// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "byte_model.hpp"

#include <algorithm>
#include <cmath>

namespace gsm8k {

encoded_text::encoded_text(std::string_view prompt, std::string_view completion)
    : bytes(prompt.begin(), prompt.end()), completion_begin{prompt.size() + 1} {
  bytes.push_back('\n');
  bytes.insert(bytes.end(), completion.begin(), completion.end());
  bytes.push_back(0);
}

token_batch make_batch(std::span<encoded_text const* const> texts, Eigen::Index context) {
  token_batch batch;
  batch.sequence_offsets.push_back(0);
  for (encoded_text const* text : texts) {
    auto const begin = text->bytes.begin() + static_cast<std::ptrdiff_t>(text->completion_begin);
    batch.token.insert(batch.token.end(), begin, text->bytes.end());
    batch.sequence_offsets.push_back(batch.tokens());
  }
  batch.window.setZero(batch.tokens(), context);
  Eigen::Index row = 0;
  for (encoded_text const* text : texts)
    for (std::size_t at = text->completion_begin; at < text->bytes.size(); ++at, ++row) {
      auto const length = static_cast<std::ptrdiff_t>((std::min)(at, static_cast<std::size_t>(context)));
      auto const here = text->bytes.begin() + static_cast<std::ptrdiff_t>(at);
      std::copy(here - length, here, &batch.window(row, context - length));
    }
  return batch;
}

template <class Scalar>
parameter_views<Scalar>::parameter_views(Scalar* data, model_shape shape)
    : embedding{data, shape.context * vocabulary, shape.hidden},
      hidden_bias{embedding.data() + embedding.size(), shape.hidden}, output{hidden_bias.data() + hidden_bias.size(),
                                                                             shape.hidden, vocabulary},
      output_bias{output.data() + output.size(), vocabulary} {}

template <class Scalar>
Eigen::Index parameter_views<Scalar>::count(model_shape shape) {
  return (shape.context * vocabulary + 1) * shape.hidden + (shape.hidden + 1) * vocabulary;
}

template <class Scalar>
void activations<Scalar>::resize(Eigen::Index tokens, model_shape shape) {
  tokens_ = tokens;
  shape_ = shape;
  auto const grow = [&](std::vector<Scalar>& values, Eigen::Index width) {
    values.resize((std::max)(values.size(), static_cast<std::size_t>(tokens * width)));
  };
  grow(hidden_, shape.hidden);
  grow(d_hidden_, shape.hidden);
  grow(logits_, vocabulary);
}

template <class Scalar>
byte_model<Scalar>::byte_model(model_shape shape, random_source& random)
    : shape_{shape}, parameters_{parameter_vector::Zero(parameter_views<Scalar>::count(shape))} {
  parameter_views<Scalar> weights{parameters_.data(), shape};
  auto const fill = [&](auto& matrix, Eigen::Index terms) {
    double const bound = std::sqrt(3.0 / static_cast<double>(terms));
    matrix = matrix.unaryExpr([&](Scalar) { return static_cast<Scalar>(bound * (2 * random.uniform() - 1)); });
  };
  fill(weights.embedding, shape.context);
  fill(weights.output, shape.hidden);
}

template <class Scalar>
void byte_model<Scalar>::forward(token_batch const& batch, activations<Scalar>& state) const {
  auto const weights = views();
  state.resize(batch.tokens(), shape_);
  auto hidden = state.hidden();
  for (Eigen::Index n = 0; n < batch.tokens(); ++n) {
    auto sum = hidden.row(n);
    sum = weights.hidden_bias;
    for (Eigen::Index k = 0; k < shape_.context; ++k) sum += weights.embedding.row(k * vocabulary + batch.window(n, k));
  }
  hidden = hidden.array().tanh().matrix();
  state.logits().noalias() = hidden * weights.output;
  state.logits().rowwise() += weights.output_bias;
}

template <class Scalar>
void byte_model<Scalar>::backward(token_batch const& batch, activations<Scalar>& state,
                                  parameter_vector& gradient) const {
  auto const weights = views();
  parameter_views<Scalar> into{gradient.data(), shape_};
  auto const hidden = state.hidden();
  auto const d_logits = state.logits();
  auto d_hidden = state.d_hidden();
  into.output.noalias() += hidden.transpose() * d_logits;
  into.output_bias += d_logits.colwise().sum();
  d_hidden.noalias() = d_logits * weights.output.transpose();
  d_hidden.array() *= 1 - hidden.array().square();
  into.hidden_bias += d_hidden.colwise().sum();
  for (Eigen::Index n = 0; n < batch.tokens(); ++n)
    for (Eigen::Index k = 0; k < shape_.context; ++k)
      into.embedding.row(k * vocabulary + batch.window(n, k)) += d_hidden.row(n);
}

template class parameter_views<float>;
template class parameter_views<float const>;
template class parameter_views<double>;
template class parameter_views<double const>;
template class activations<float>;
template class activations<double>;
template class byte_model<float>;
template class byte_model<double>;

} // namespace gsm8k
