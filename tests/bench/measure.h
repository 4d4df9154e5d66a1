// Rounds, medians and spreads, and the table that shows them. One thread.
//
// What is compared runs interleaved within a round, so that a machine that slows down slows both;
// a ratio is formed inside each round, and the median of those ratios is the result.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quire::bench {

// Prints and ends the program: a benchmark that cannot run has no other answer.
[[noreturn]] void Die(std::string_view message);

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// One value per round.
struct Series {
  std::vector<double> values;

  double Median() const;
  double Min() const;
  double Max() const;
  // The value of each round divided by the other's.
  Series Over(const Series& other) const;
};

// A table of text whose columns are as wide as they need; the first is flush left.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void Print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "12.3", with as many decimals as asked for.
std::string Number(double value, int decimals);
// "1.32 (1.28 to 1.41)".
std::string WithSpread(const Series& series);
// "reached" or "MISSED" for a ratio and its bar; "-" when there is no bar.
std::string Verdict(double ratio, double bar);

}  // namespace quire::bench
