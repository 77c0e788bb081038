// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "curves.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>

namespace gsm8k {
namespace {

struct point {
  double x, y;
};
using polyline = std::vector<point>;

struct range {
  double from, to;
};

/// A step of 1, 2 or 5 times a power of ten that cuts the range into four to ten parts.
double tick_step(range span) {
  double const rough = (span.to - span.from) / 5;
  double const power = std::pow(10, std::floor(std::log10(rough)));
  for (double const factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

/// The range widened to whole ticks.
range widened(range span) {
  if (!(span.to > span.from)) span = {span.from - 0.5, span.from + 0.5};
  double const step = tick_step(span);
  return {std::floor(span.from / step) * step, std::ceil(span.to / step) * step};
}

/// One diagram of the drawing: a frame with ticks, and what is drawn into it in the units of its axes.
class panel {
public:
  panel(std::ostream& svg, double top, range x, range y) : svg_{svg}, top_{top}, x_{x}, y_{y} {}

  void frame(std::string const& y_title, std::string const& x_title) {
    double const step = tick_step(y_);
    auto const lines = static_cast<int>(std::lround((y_.to - y_.from) / step));
    for (int i = 0; i <= lines; ++i) {
      double const value = y_.from + i * step;
      rule({left, row(value)}, {right, row(value)}, std::abs(value) < step / 2 ? "#888" : "#ddd");
      text(left - 8, row(value) + 4, "end", label(std::abs(value) < step / 2 ? 0 : value));
    }
    double const stride = (std::max)(1.0, tick_step(x_));
    for (double value = x_.from; value <= x_.to + stride / 1000; value += stride) {
      rule({column(value), top_ + height}, {column(value), top_ + height + 5}, "#888");
      text(column(value), top_ + height + 20, "middle", label(value));
    }
    rule({left, top_ + height}, {right, top_ + height}, "#888");
    text(left - 44, top_ - 12, "start", y_title);
    text((left + right) / 2, top_ + height + 38, "middle", x_title);
  }

  void line(polyline const& points, std::string const& colour) {
    svg_ << "<polyline fill='none' stroke-width='2' stroke='" << colour << "' points='";
    put(points);
    svg_ << "'/>\n";
    for (auto const& p : points)
      svg_ << "<circle r='2.5' fill='" << colour << "' cx='" << column(p.x) << "' cy='" << row(p.y) << "'/>\n";
  }

  /// The area between two lines.
  void band(polyline low, polyline const& high, std::string const& colour) {
    std::reverse(low.begin(), low.end());
    svg_ << "<polygon stroke='none' fill-opacity='0.15' fill='" << colour << "' points='";
    put(high);
    put(low);
    svg_ << "'/>\n";
  }

  void legend(int place, std::string const& title, std::string const& colour) {
    double const y = top_ + 12 + 22 * place;
    svg_ << "<rect x='" << right + 16 << "' y='" << y - 9 << "' width='18' height='4' fill='" << colour << "'/>\n";
    text(right + 42, y - 2, "start", title);
  }

  void note(int place, std::string const& words) { text(right + 16, top_ + 10 + 22 * place, "start", words); }

private:
  static constexpr double left = 70, right = 620, height = 220;

  static std::string label(double value) {
    std::ostringstream digits;
    digits << value;
    return digits.str();
  }
  double column(double x) const { return left + (x - x_.from) / (x_.to - x_.from) * (right - left); }
  double row(double y) const { return top_ + (y_.to - y) / (y_.to - y_.from) * height; }
  void put(polyline const& points) {
    for (auto const& p : points) svg_ << column(p.x) << ',' << row(p.y) << ' ';
  }
  void rule(point from, point to, std::string const& colour) {
    svg_ << "<line stroke='" << colour << "' x1='" << from.x << "' y1='" << from.y << "' x2='" << to.x << "' y2='"
         << to.y << "'/>\n";
  }
  void text(double x, double y, std::string const& anchor, std::string const& words) {
    svg_ << "<text x='" << x << "' y='" << y << "' text-anchor='" << anchor << "'>" << words << "</text>\n";
  }

  std::ostream& svg_;
  double top_;
  range x_, y_;
};

/// A value over the epochs; where it does not exist there is no point.
template <class ValueOf>
polyline over_epochs(std::vector<epoch_record> const& records, ValueOf const& value_of) {
  polyline points;
  for (auto const& record : records)
    if (double const value = value_of(record); std::isfinite(value))
      points.push_back({double(record.metrics.epoch), value});
  return points;
}

void draw_shares(std::ostream& svg, shares const& before, std::vector<epoch_record> records) {
  epoch_record start{};
  start.share = before;
  records.insert(records.begin(), start);
  panel diagram{svg, 50, {0, static_cast<double>(records.back().metrics.epoch)}, {0, 1}};
  diagram.frame("share of pairs in which the correct completion is the likelier one", "epoch (0: before)");
  auto const draw = [&](pair_share shares::*which, int place, std::string const& title, std::string const& colour) {
    auto const curve = [&](double pair_share::*value) {
      return over_epochs(records, [&](epoch_record const& record) { return record.share.*which.*value; });
    };
    diagram.band(curve(&pair_share::low), curve(&pair_share::high), colour);
    diagram.line(curve(&pair_share::share), colour);
    diagram.legend(place, title, colour);
  };
  draw(&shares::train, 0, "trained on", "#0060a8");
  draw(&shares::held_out, 1, "held out", "#c05000");
  diagram.note(2, "bands: 95 %");
}

void draw_losses(std::ostream& svg, std::vector<epoch_record> const& records) {
  auto const loss = over_epochs(records, [](epoch_record const& record) { return record.metrics.loss; });
  auto const kl = over_epochs(records, [](epoch_record const& record) { return record.metrics.kl; });
  range span{0, 0};
  for (auto const& points : {loss, kl})
    for (auto const& p : points) span = {(std::min)(span.from, p.y), (std::max)(span.to, p.y)};
  panel diagram{svg, 370, {0, static_cast<double>(records.back().metrics.epoch)}, widened(span)};
  diagram.frame("nats per token", "epoch (mean over its steps)");
  diagram.line(loss, "#0060a8");
  diagram.legend(0, "loss", "#0060a8");
  diagram.line(kl, "#c05000");
  diagram.legend(1, "kl (k3)", "#c05000");
}

} // namespace

std::string draw_curves(shares const& before, std::vector<epoch_record> const& records) {
  std::ostringstream svg;
  svg << "<svg xmlns='http://www.w3.org/2000/svg' width='760' height='650' viewBox='0 0 760 650' "
         "font-family='sans-serif' font-size='13' fill='#222'>\n<rect width='760' height='650' fill='white'/>\n";
  if (!records.empty()) {
    draw_shares(svg, before, records);
    draw_losses(svg, records);
  }
  svg << "</svg>\n";
  return svg.str();
}

} // namespace gsm8k
