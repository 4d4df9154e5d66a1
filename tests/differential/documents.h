// Random documents for the tables of tables.h: nested, with what is missing, null, or of a type
// that a column cannot show, and with every way of writing a number, a date or a uuid.
#pragma once

#include <string>

#include "tests/client/random.h"
#include "tests/differential/tables.h"

namespace quire::differential {

// The JSON text of a document without a key.
std::string RandomDocument(Random* random);
// The JSON text of a value that a column of this kind mostly shows.
std::string RandomValue(Kind kind, Random* random);
// The text of a key of the table, the `number`th. Small keys are values that columns often have.
std::string KeyText(const Table& table, int number);

}  // namespace quire::differential
