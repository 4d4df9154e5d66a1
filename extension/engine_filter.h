// The conditions of a scan that the engine evaluates, at execution: the program, and the values of
// its constants: those that may change are computed anew whenever the scan starts anew. Backends.
#pragma once

#include <memory>

#include "engine/store/condition.h"
#include "extension/server_types.h"
#include "extension/table_map.h"

struct List;
struct PlanState;

namespace quire {

class EngineFilter {
 public:
  EngineFilter() = default;

  // The server's side: may raise. `clauses`, joined by AND, are those that the plan gave to the
  // engine; without any there is no condition. The map outlives the filter.
  void Begin(PlanState* node, const TableMap& map, uint32_t relation, const List* clauses);
  // The server's side. Computes the constants with parameters as they are now, and those that never
  // change at the first call only.
  void Refresh();

  // Null when there is nothing to evaluate.
  Condition* condition() const { return condition_.get(); }

 private:
  struct Operand;  // trivially destructible, the server's memory

  std::unique_ptr<Condition> condition_;
  PlanState* node_ = nullptr;
  Operand* operands_ = nullptr;
  uint32_t operand_count_ = 0;
};

}  // namespace quire
