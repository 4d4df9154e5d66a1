#include "extension/array_elements.h"

extern "C" {
#include "postgres.h"

#include "utils/array.h"
#include "utils/lsyscache.h"
}

namespace quire {

ArrayElements TakeApart(ServerDatum datum) {
  ArrayType* array = DatumGetArrayTypeP(datum);
  int16 length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
  Datum* values;
  bool* nulls;
  int count;
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &values, &nulls,
                    &count);
  return ArrayElements{.values = values,
                       .nulls = nulls,
                       .count = static_cast<uint32_t>(count),
                       .dimensions = ARR_NDIM(array)};
}

}  // namespace quire
