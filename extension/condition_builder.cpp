#include "extension/condition_builder.h"

#include "extension/condition_type.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/stratnum.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/typcache.h"
}

namespace quire {

namespace {

using Code = ConditionStep::Code;

// A program while it is made. Arrays are the server's memory.
struct Draft {
  const TableMap* map;
  int relation;
  ConditionStep* steps;
  uint32_t step_count;
  uint32_t step_room;
  ConditionColumn* columns;
  uint32_t column_count;
  uint32_t column_room;
  ConditionOperand* operands;
  uint32_t operand_count;
  uint32_t operand_room;
  uint32_t constants;
  uint32_t lists;
  uint32_t depth;  // conditions that are open around the next one
  uint32_t steps_max;
  // The operands' expressions are evaluated before any document is met. One that stands deep inside
  // a condition and can fail may be guarded by another that has no column: ($1 = 0 OR x > 1 / $1).
  bool has_guard;
  bool may_fail;
  // One that can fail and depends on rows of other tables, of which any condition may be a guard,
  // in this clause or beside it: (kind = 'a' OR x > 1 / other.y).
  bool may_fail_by_row;
};

// Room for one element more.
template <typename T>
T* AddTo(T** array, uint32_t* count, uint32_t* room) {
  if (*count == *room) {
    *room = *room == 0 ? 16 : 2 * *room;
    const Size bytes = sizeof(T) * *room;
    *array = static_cast<T*>(*array == nullptr ? palloc(bytes) : repalloc(*array, bytes));
  }
  return &(*array)[(*count)++];
}

ConditionStep* AddStep(Draft* draft, Code code) {
  ConditionStep* step = AddTo(&draft->steps, &draft->step_count, &draft->step_room);
  *step = ConditionStep{.code = code};
  return step;
}

// What an expression that names no column of the table can be: with a value of its own.
bool IsFixed(const Draft& draft, Node* expression) {
  Bitmapset* used = nullptr;
  pull_varattnos(expression, static_cast<Index>(draft.relation), &used);
  return bms_is_empty(used) && !contain_volatile_functions(expression) &&
         !contain_subplans(expression);
}

bool IsNotLeakproof(Oid function, void*) {
  return !get_func_leakproof(function);
}

// The server declares walkers without their parameters, which C++ takes for having none.
using Walker = bool (*)();
Walker AsWalker(bool (*walker)(Node*, void*)) {
  return reinterpret_cast<Walker>(reinterpret_cast<void*>(walker));
}

// Whether evaluating an expression without columns can fail, for all that is known.
bool MayFail(Node* node, void* context) {
  if (node == nullptr) return false;
  switch (nodeTag(node)) {
    case T_Const:
    case T_Param:
    case T_Var:
    case T_List:
    case T_RelabelType:
    case T_FuncExpr:
    case T_OpExpr:
    case T_DistinctExpr:
    case T_ScalarArrayOpExpr:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_CoalesceExpr:
    case T_SQLValueFunction:
    case T_ArrayExpr:
      return check_functions_in_node(node, IsNotLeakproof, nullptr) ||
             expression_tree_walker(node, AsWalker(MayFail), context);
    default:
      return true;
  }
}

// Whether the value may be another one when the scan starts anew, by what the executor hands down:
// values of other tables or of subqueries, which are parameters once the plan is made.
bool HasOuterValue(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, Var) || IsA(node, PlaceHolderVar)) return true;
  if (IsA(node, Param)) return reinterpret_cast<Param*>(node)->paramkind != PARAM_EXTERN;
  return expression_tree_walker(node, AsWalker(HasOuterValue), context);
}

// Adds the constant or list that an expression gives. False when it must not be evaluated ahead.
bool AddOperand(Draft* draft, Expr* expression, Comparable kind, bool is_list, int32_t* place) {
  auto* node = reinterpret_cast<Node*>(expression);
  if (!IsFixed(*draft, node)) return false;
  const bool may_fail = MayFail(node, nullptr);
  const bool has_outer_value = HasOuterValue(node, nullptr);
  draft->may_fail |= draft->depth > 0 && may_fail;
  draft->may_fail_by_row |= may_fail && has_outer_value;
  const uint32_t index = is_list ? draft->lists++ : draft->constants++;
  *AddTo(&draft->operands, &draft->operand_count, &draft->operand_room) =
      ConditionOperand{.expression = expression,
                       .kind = kind,
                       .index = index,
                       .is_list = is_list,
                       .is_known = !has_outer_value && !contain_mutable_functions(node)};
  *place = is_list ? static_cast<int32_t>(index) : ~static_cast<int32_t>(index);
  return true;
}

int32_t AddColumn(Draft* draft, const ConditionColumn& column) {
  for (uint32_t i = 0; i < draft->column_count; ++i) {
    if (draft->columns[i] == column) return static_cast<int32_t>(i);
  }
  *AddTo(&draft->columns, &draft->column_count, &draft->column_room) = column;
  return static_cast<int32_t>(draft->column_count - 1);
}

// The cast that a function of the server is, of integers to other numbers or to wider ones, which
// cannot fail. Float4 to float8 is none here: both are compared as float8.
bool FindCast(Oid function, Conversion* conversion) {
  switch (function) {
    case F_INT4_INT2:
    case F_INT8_INT2:
    case F_INT8_INT4:
    case F_FLOAT8_FLOAT4:
      *conversion = Conversion::kNone;
      return true;
    case F_FLOAT4_INT2:
    case F_FLOAT4_INT4:
    case F_FLOAT4_INT8:
      *conversion = Conversion::kToFloat4;
      return true;
    case F_FLOAT8_INT2:
    case F_FLOAT8_INT4:
    case F_FLOAT8_INT8:
      *conversion = Conversion::kToFloat8;
      return true;
    case F_NUMERIC_INT2:
    case F_NUMERIC_INT4:
    case F_NUMERIC_INT8:
      *conversion = Conversion::kToNumber;
      return true;
    default:
      return false;
  }
}

// A column of the table, bare or under such casts.
bool FindColumn(const Draft& draft, Expr* expression, ConditionColumn* result) {
  if (expression == nullptr) return false;
  if (IsA(expression, RelabelType)) {
    auto* relabel = reinterpret_cast<RelabelType*>(expression);
    // To a domain's base, or varchar to text: not to a type that compares in another way.
    const ServerOid family = ConditionTypeOf(relabel->resulttype).family;
    if (family == 0 ||
        family != ConditionTypeOf(exprType(reinterpret_cast<Node*>(relabel->arg))).family) {
      return false;
    }
    return FindColumn(draft, relabel->arg, result);
  }
  if (IsA(expression, FuncExpr)) {
    auto* call = reinterpret_cast<FuncExpr*>(expression);
    Conversion conversion;
    if (list_length(call->args) != 1 || !FindCast(call->funcid, &conversion) ||
        !FindColumn(draft, static_cast<Expr*>(linitial(call->args)), result)) {
      return false;
    }
    if (conversion != Conversion::kNone) result->conversion = conversion;
    return true;
  }
  if (!IsA(expression, Var)) return false;
  const auto* variable = reinterpret_cast<Var*>(expression);
  if (variable->varno != draft.relation || variable->varlevelsup != 0 || variable->varattno <= 0) {
    return false;
  }
  const auto position = static_cast<size_t>(variable->varattno - 1);
  return position < draft.map->columns.size() &&
         FindConditionColumn(draft.map->columns[position], result);
}

// An operand of a comparison: a column, or an expression without one.
bool AddCompared(Draft* draft, Expr* expression, const ConditionType& type, int32_t* place) {
  ConditionColumn column;
  if (FindColumn(*draft, expression, &column)) {
    if (ConditionTypeOf(exprType(reinterpret_cast<Node*>(expression))).family != type.family) {
      return false;
    }
    *place = AddColumn(draft, column);
    return true;
  }
  return AddOperand(draft, expression, type.kind, false, place);
}

// What a btree strategy accepts.
uint8_t OutcomesOf(int strategy) {
  switch (strategy) {
    case BTLessStrategyNumber:
      return kLess;
    case BTLessEqualStrategyNumber:
      return kLess | kEqual;
    case BTEqualStrategyNumber:
      return kEqual;
    case BTGreaterEqualStrategyNumber:
      return kGreater | kEqual;
    case BTGreaterStrategyNumber:
      return kGreater;
    default:
      return 0;
  }
}

// Whether an operator of the server compares two values of one kind as the engine does, and which
// outcomes it accepts.
bool FindComparison(Oid operator_id, Oid collation, ConditionType* type, uint8_t* outcomes) {
  // Somebody's own operator may mean anything.
  if (operator_id >= FirstUnpinnedObjectId) return false;
  Oid left;
  Oid right;
  op_input_types(operator_id, &left, &right);
  *type = ConditionTypeOf(left);
  if (type->family == 0 || ConditionTypeOf(right).family != type->family) return false;
  const Oid family = lookup_type_cache(left, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
  *outcomes = OutcomesOf(get_op_opfamily_strategy(operator_id, family));
  if (*outcomes == 0) {
    const Oid negator = get_negator(operator_id);
    if (!OidIsValid(negator) ||
        get_op_opfamily_strategy(negator, family) != BTEqualStrategyNumber) {
      return false;
    }
    *outcomes = kLess | kGreater;
  }
  if (type->family != TEXTOID) return true;
  if (!OidIsValid(collation)) return false;
  const bool equality = *outcomes == kEqual || *outcomes == (kLess | kGreater);
  return equality ? get_collation_isdeterministic(collation) : lc_collate_is_c(collation);
}

bool AddTruth(Draft* draft, Expr* clause);

bool AddComparison(Draft* draft, OpExpr* clause, Code code) {
  ConditionType type;
  uint8_t outcomes;
  int32_t left;
  int32_t right;
  if (list_length(clause->args) != 2 ||
      !FindComparison(clause->opno, clause->inputcollid, &type, &outcomes) ||
      !AddCompared(draft, static_cast<Expr*>(linitial(clause->args)), type, &left) ||
      !AddCompared(draft, static_cast<Expr*>(lsecond(clause->args)), type, &right)) {
    return false;
  }
  ConditionStep* step = AddStep(draft, code);
  step->accepted = outcomes;
  step->kind = type.kind;
  step->left = left;
  step->right = right;
  return true;
}

bool AddArrayComparison(Draft* draft, ScalarArrayOpExpr* clause) {
  ConditionType type;
  uint8_t outcomes;
  int32_t left;
  int32_t list;
  if (!FindComparison(clause->opno, clause->inputcollid, &type, &outcomes) ||
      !AddCompared(draft, static_cast<Expr*>(linitial(clause->args)), type, &left) ||
      !AddOperand(draft, static_cast<Expr*>(lsecond(clause->args)), type.kind, true, &list)) {
    return false;
  }
  // x < ALL (a) is NOT (x >= ANY (a)), with NULLs too.
  constexpr uint8_t kAllOutcomes = kLess | kEqual | kGreater;
  ConditionStep* step = AddStep(draft, Code::kAnyOf);
  step->accepted = clause->useOr ? outcomes : static_cast<uint8_t>(kAllOutcomes ^ outcomes);
  step->kind = type.kind;
  step->left = left;
  step->right = list;
  if (!clause->useOr) AddStep(draft, Code::kNot);
  return true;
}

bool AddNullTest(Draft* draft, NullTest* test) {
  ConditionColumn column;
  if (test->argisrow || !FindColumn(*draft, test->arg, &column)) return false;
  const int32_t place = AddColumn(draft, column);
  AddStep(draft, Code::kPresent)->left = place;
  if (test->nulltesttype == IS_NULL) AddStep(draft, Code::kNot);
  return true;
}

bool AddBooleanTest(Draft* draft, BooleanTest* test) {
  ++draft->depth;
  const bool added = AddTruth(draft, test->arg);
  --draft->depth;
  if (!added) return false;
  constexpr uint8_t kAll = BitOf(Truth::kFalse) | BitOf(Truth::kUnknown) | BitOf(Truth::kTrue);
  uint8_t accepted = 0;
  switch (test->booltesttype) {
    case IS_TRUE:
      accepted = BitOf(Truth::kTrue);
      break;
    case IS_NOT_TRUE:
      accepted = kAll ^ BitOf(Truth::kTrue);
      break;
    case IS_FALSE:
      accepted = BitOf(Truth::kFalse);
      break;
    case IS_NOT_FALSE:
      accepted = kAll ^ BitOf(Truth::kFalse);
      break;
    case IS_UNKNOWN:
      accepted = BitOf(Truth::kUnknown);
      break;
    case IS_NOT_UNKNOWN:
      accepted = kAll ^ BitOf(Truth::kUnknown);
      break;
  }
  AddStep(draft, Code::kTest)->accepted = accepted;
  return true;
}

// Several conditions, of which those behind one that decides are skipped.
bool AddJoin(Draft* draft, const List* arguments, Code join) {
  if (list_length(arguments) == 1) return AddTruth(draft, static_cast<Expr*>(linitial(arguments)));
  const Truth decides = join == Code::kAnd ? Truth::kFalse : Truth::kTrue;
  // Branches whose target is not known yet are linked through it, the end being UINT32_MAX.
  uint32_t pending = UINT32_MAX;
  const ListCell* cell;
  foreach (cell, arguments) {
    const bool first = cell == list_head(arguments);
    if (!AddTruth(draft, static_cast<Expr*>(lfirst(cell)))) return false;
    if (!first) AddStep(draft, join);
    if (lnext(arguments, cell) == nullptr) break;
    ConditionStep* branch = AddStep(draft, Code::kBranch);
    branch->accepted = BitOf(decides);
    branch->target = pending;
    pending = draft->step_count - 1;
  }
  while (pending != UINT32_MAX) {
    const uint32_t next = draft->steps[pending].target;
    draft->steps[pending].target = draft->step_count;
    pending = next;
  }
  return true;
}

bool AddBoolean(Draft* draft, BoolExpr* clause) {
  ++draft->depth;
  bool added = false;
  switch (clause->boolop) {
    case AND_EXPR:
      added = AddJoin(draft, clause->args, Code::kAnd);
      break;
    case OR_EXPR:
      added = AddJoin(draft, clause->args, Code::kOr);
      break;
    case NOT_EXPR:
      added = AddTruth(draft, static_cast<Expr*>(linitial(clause->args)));
      AddStep(draft, Code::kNot);
      break;
  }
  --draft->depth;
  return added;
}

// A truth that is a column, or has one value during the scan.
bool AddPlainTruth(Draft* draft, Expr* clause) {
  ConditionColumn column;
  int32_t place;
  if (IsFixed(*draft, reinterpret_cast<Node*>(clause))) {
    draft->has_guard = true;
    if (!AddOperand(draft, clause, Comparable::kInteger, false, &place)) return false;
  } else {
    if (!FindColumn(*draft, clause, &column)) return false;
    place = AddColumn(draft, column);
  }
  AddStep(draft, Code::kTruth)->left = place;
  return true;
}

// Adds steps that leave one truth more on the stack. False when the engine cannot tell it: then the
// draft is of no use any more.
bool AddTruth(Draft* draft, Expr* clause) {
  // At most one truth more lies on the stack than there are conditions around.
  if (draft->step_count >= draft->steps_max || draft->depth + 2 > ConditionProgram::kDepthMax) {
    return false;
  }
  if (IsFixed(*draft, reinterpret_cast<Node*>(clause))) return AddPlainTruth(draft, clause);
  switch (nodeTag(clause)) {
    case T_BoolExpr:
      return AddBoolean(draft, reinterpret_cast<BoolExpr*>(clause));
    case T_OpExpr:
      return AddComparison(draft, reinterpret_cast<OpExpr*>(clause), Code::kCompare);
    case T_DistinctExpr:
      return AddComparison(draft, reinterpret_cast<OpExpr*>(clause), Code::kDistinct);
    case T_ScalarArrayOpExpr:
      return AddArrayComparison(draft, reinterpret_cast<ScalarArrayOpExpr*>(clause));
    case T_NullTest:
      return AddNullTest(draft, reinterpret_cast<NullTest*>(clause));
    case T_BooleanTest:
      return AddBooleanTest(draft, reinterpret_cast<BooleanTest*>(clause));
    default:
      return AddPlainTruth(draft, clause);
  }
}

Draft NewDraft(const TableMap& map, uint32_t relation, uint32_t steps_max) {
  Draft draft = {};
  draft.map = &map;
  draft.relation = static_cast<int>(relation);
  draft.steps_max = steps_max;
  return draft;
}

}  // namespace

bool IsEngineCondition(const TableMap& map, uint32_t relation, Expr* clause) {
  Draft draft = NewDraft(map, relation, ConditionProgram::kStepsOfClauseMax);
  return AddTruth(&draft, clause) && !(draft.has_guard && draft.may_fail) && !draft.may_fail_by_row;
}

bool IsEngineRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction) {
  return !restriction->pseudoconstant &&
         restriction_is_securely_promotable(restriction, relation) &&
         IsEngineCondition(map, relation->relid, restriction->clause);
}

BuiltCondition BuildCondition(const TableMap& map, uint32_t relation, const List* clauses) {
  // Each was short enough when it was planned. How many there are is the query's business.
  Draft draft = NewDraft(map, relation, UINT32_MAX);
  if (!AddJoin(&draft, clauses, Code::kAnd)) {
    elog(ERROR, "a condition that was planned for the engine cannot be built");
  }
  return BuiltCondition{.program = {.steps = {draft.steps, draft.step_count},
                                    .columns = {draft.columns, draft.column_count},
                                    .constants = draft.constants,
                                    .lists = draft.lists},
                        .operands = draft.operands,
                        .operand_count = draft.operand_count};
}

}  // namespace quire
