#include "extension/engine_filter.h"

#include "engine/base/status.h"
#include "extension/array_elements.h"
#include "extension/condition_builder.h"
#include "extension/door.h"

extern "C" {
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace quire {

struct EngineFilter::Operand {
  ExprState* state;
  ConditionOperand plan;
  Oid type;     // of the value, or of a list's elements
  bool is_set;  // the condition has a value
  // As computed last, in memory of the moment.
  bool is_null;
  uint32_t count;
  ConditionConstant* values;

  bool IsDone() const { return is_set && plan.is_known; }
};

namespace {

void SetBytes(const char* data, size_t size, ConditionConstant* constant) {
  constant->data = data;
  constant->size = static_cast<uint32_t>(size);
}

// Takes apart a value that is not NULL. REQUIRES: a type that conditions know.
void ReadConstant(Datum datum, Oid type, ConditionConstant* constant) {
  constant->is_null = false;
  switch (type) {
    case BOOLOID:
      constant->integer = DatumGetBool(datum) ? 1 : 0;
      return;
    case INT2OID:
      constant->integer = DatumGetInt16(datum);
      return;
    case INT4OID:
      constant->integer = DatumGetInt32(datum);
      return;
    case DATEOID:
      constant->integer = DatumGetDateADT(datum);
      return;
    case INT8OID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      constant->integer = DatumGetInt64(datum);
      return;
    case FLOAT4OID:
      constant->real = DatumGetFloat4(datum);
      return;
    case FLOAT8OID:
      constant->real = DatumGetFloat8(datum);
      return;
    case NUMERICOID: {
      const char* digits = DatumGetCString(DirectFunctionCall1(numeric_out, datum));
      return SetBytes(digits, strlen(digits), constant);
    }
    case UUIDOID:
      return SetBytes(reinterpret_cast<const char*>(DatumGetUUIDP(datum)->data), UUID_LEN,
                      constant);
    case TEXTOID:
    case VARCHAROID:
    case BYTEAOID: {
      const auto* packed = reinterpret_cast<const varlena*>(PG_DETOAST_DATUM_PACKED(datum));
      return SetBytes(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), constant);
    }
    default:
      elog(ERROR, "a condition of the engine knows no type %u", type);
  }
}

void ReadList(Datum datum, Oid type, uint32_t* count, ConditionConstant** values) {
  const ArrayElements elements = TakeApart(datum);
  *count = elements.count;
  *values = static_cast<ConditionConstant*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ConditionConstant) * (*count + 1)));
  for (uint32_t i = 0; i < *count; ++i) {
    (*values)[i] = ConditionConstant();
    if (!elements.nulls[i]) ReadConstant(elements.values[i], type, &(*values)[i]);
  }
}

}  // namespace

void EngineFilter::Begin(PlanState* node, const TableMap& map, uint32_t relation,
                         const List* clauses) {
  if (clauses == NIL) return;
  node_ = node;
  const BuiltCondition built = BuildCondition(map, relation, clauses);
  operand_count_ = built.operand_count;
  operands_ = static_cast<Operand*>(palloc0(sizeof(Operand) * (operand_count_ + 1)));
  for (uint32_t i = 0; i < operand_count_; ++i) {
    Operand* operand = &operands_[i];
    operand->plan = built.operands[i];
    operand->state = ExecInitExpr(operand->plan.expression, node);
    const Oid type = getBaseType(exprType(reinterpret_cast<Node*>(operand->plan.expression)));
    operand->type = operand->plan.is_list ? getBaseType(get_element_type(type)) : type;
  }
  CallEngine([&] {
    condition_ = std::make_unique<Condition>(built.program);
    return absl::OkStatus();
  });
}

void EngineFilter::Refresh() {
  if (operand_count_ == 0) return;
  ExprContext* context = node_->ps_ExprContext;
  const MemoryContext previous = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
  for (uint32_t i = 0; i < operand_count_; ++i) {
    Operand* operand = &operands_[i];
    if (operand->IsDone()) continue;
    const Datum datum = ExecEvalExpr(operand->state, context, &operand->is_null);
    if (operand->is_null) continue;
    if (operand->plan.is_list) {
      ReadList(datum, operand->type, &operand->count, &operand->values);
    } else {
      operand->values = static_cast<ConditionConstant*>(palloc(sizeof(ConditionConstant)));
      *operand->values = ConditionConstant();
      ReadConstant(datum, operand->type, operand->values);
    }
  }
  MemoryContextSwitchTo(previous);
  CallEngine([&] {
    for (uint32_t i = 0; i < operand_count_; ++i) {
      Operand& operand = operands_[i];
      if (operand.IsDone()) continue;
      operand.is_set = true;
      const ConditionOperand& plan = operand.plan;
      if (plan.is_list && operand.is_null) {
        condition_->SetListToNull(plan.index);
      } else if (plan.is_list) {
        QUIRE_RETURN_IF_ERROR(
            condition_->SetList(plan.index, plan.kind, {operand.values, operand.count}));
      } else {
        QUIRE_RETURN_IF_ERROR(condition_->SetConstant(
            plan.index, plan.kind, operand.is_null ? ConditionConstant() : *operand.values));
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace quire
