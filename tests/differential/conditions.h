// Random conditions on the tables of a statement: every operator and type of a WHERE clause, made
// around one row of each table so that they mostly hold for it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/client/random.h"
#include "tests/differential/data.h"
#include "tests/differential/tables.h"

namespace quire::differential {

// How often each operator was used.
using Counts = std::map<std::string, uint64_t>;

// A table in a FROM clause, and the row around which conditions are made.
struct Source {
  const Table* table;
  std::string alias;
  const Row* row;
};
using Sources = std::vector<Source>;

// A constant that a prepared statement takes as $1, $2, …; where other values for it are found.
struct Parameter {
  std::string type;
  std::string value;
  const Table* table;
  std::string column;
};

class Conditions {
 public:
  Conditions(const Data* data, Random* random, Counts* counts)
      : data_(*data), random_(*random), counts_(*counts) {}

  // Forgets parameters and leaves; constants may be parameters from here on, or not.
  void Begin(bool parameters);
  // A condition that holds (or not) for the rows of the sources, as far as one can say without
  // evaluating it. REQUIRES: sources are not empty.
  std::string Make(const Sources& sources, int depth, bool holds);
  // One whose evaluation may fail, always in the same way: for statements without another one,
  // because the order in which conditions are evaluated is nobody's promise.
  std::string MakeRisky(const Source& source);
  // A literal, or a parameter. `untyped`: the context gives it the type anyway.
  std::string Constant(const Parameter& constant, bool untyped);
  // A column of the source, now and then the key.
  Column RandomColumn();
  // The row's value or another one of the column; nothing when there is none.
  std::optional<std::string> ValueFor(const Source& source, const Column& column, bool of_row);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  // The conditions without AND, OR and NOT that have been made.
  const std::vector<std::string>& leaves() const { return leaves_; }

 private:
  // What a leaf is about.
  struct Subject {
    const Source& source;
    Column column;
    std::string name;   // with alias
    std::string value;  // what the row has, or another
    bool holds;
  };

  std::string Leaf(const Sources& sources, bool holds);
  std::string Test(const Subject& subject, const Sources& sources);
  std::string Comparison(const Subject& subject);
  std::string Compared(const Subject& subject, const std::string& operand);
  std::string In(const Subject& subject);
  std::string Any(const Subject& subject);
  std::string Between(const Subject& subject);
  std::string Distinct(const Subject& subject);
  std::string Cast(const Subject& subject);
  std::string OtherColumn(const Subject& subject, const Sources& sources);
  std::string BoolTest(const Subject& subject);
  std::string NullTest(const Subject& subject, bool is_null);
  // In the server, whatever the engine can do.
  std::string Expression(const Subject& subject);

  std::string SameType(const Subject& subject, const std::string& value, bool untyped);
  std::string AnyNumberType(const Subject& subject, const std::string& value);
  int64_t ListLength();
  std::string OtherValue(const Subject& subject);
  void Count(const std::string& name) { ++counts_[name]; }

  const Data& data_;
  Random& random_;
  Counts& counts_;
  bool use_parameters_ = false;
  std::vector<Parameter> parameters_;
  std::vector<std::string> leaves_;
};

}  // namespace quire::differential
