#include "tests/bench/measure.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace quire::bench {

void Die(std::string_view message) {
  std::fflush(stdout);
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(message.size()), message.data());
  std::exit(1);
}

double Series::Median() const {
  if (values.empty()) return 0;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double Series::Min() const {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

double Series::Max() const {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

Series Series::Over(const Series& other) const {
  Series ratios;
  for (size_t i = 0; i < std::min(values.size(), other.values.size()); ++i) {
    ratios.values.push_back(values[i] / other.values[i]);
  }
  return ratios;
}

void Table::Print() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      if (i != 0) line += "  ";
      line += i == 0 ? row[i] + blanks : blanks + row[i];
    }
    std::printf("%s\n", line.c_str());
  }
  std::fflush(stdout);
}

std::string Number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string WithSpread(const Series& series) {
  return Number(series.Median(), 2) + " (" + Number(series.Min(), 2) + " to " +
         Number(series.Max(), 2) + ")";
}

std::string Verdict(double ratio, double bar) {
  if (bar == 0) return "-";
  return ratio >= bar ? "reached" : "MISSED";
}

}  // namespace quire::bench
