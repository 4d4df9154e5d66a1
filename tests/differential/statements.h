// Random statements on the tables of tables.h: queries of one table, aggregates, ordered pages,
// joins of every kind and plan, and writes that their transaction takes back.
#pragma once

#include <string>
#include <vector>

#include "tests/client/random.h"
#include "tests/differential/conditions.h"
#include "tests/differential/data.h"

namespace quire::differential {

struct Statement {
  std::string kind;
  std::string text;
  std::vector<std::string> settings;  // SET … before it
  std::vector<Parameter> parameters;  // of a statement that is to be prepared
  bool ordered = false;               // the order of the rows is defined
  bool counts = false;                // one row, empty when its first column is 0
  std::string written;                // the table that it changes
  std::vector<std::string> leaves;    // the conditions in it, each for itself,
  std::string leaves_from;            // and what they are about
};

class Statements {
 public:
  Statements(const Data* data, Random* random, Counts* counts)
      : data_(*data), random_(*random), conditions_(data, random, counts) {}

  Statement Make();

 private:
  Source RandomSource(const std::string& alias);
  std::string Where(const Sources& sources);
  std::string Names(const Source& source, int count);

  void Rows(Statement* statement);
  void Aggregate(Statement* statement);
  void Groups(Statement* statement);
  void Page(Statement* statement);
  void Risky(Statement* statement);
  void KeyRange(Statement* statement);
  void Join(Statement* statement);
  void WithPlain(Statement* statement);
  void Subquery(Statement* statement);
  void Update(Statement* statement);
  void UpdateFrom(Statement* statement);
  void Delete(Statement* statement);
  void Insert(Statement* statement);
  void Function(Statement* statement);

  std::string JoinCondition(const Source& a, const Source& b);
  std::string Assignment(const Source& source, const std::string& column);
  void ChoosePlan(Statement* statement);

  const Data& data_;
  Random& random_;
  Conditions conditions_;
};

}  // namespace quire::differential
