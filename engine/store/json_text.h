// A value as JSON text, as the server prints a jsonb. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/store/value.h"

namespace quire {

// Appends the text: fields in stored order, a blank behind each ':' and ','. What JSON cannot say
// (bytes, timestamps, uuids, numbers that are not finite) is a string, a reference an object of $id
// and $ref.
void AppendJsonText(ValueView value, std::string* out);

// Appends a JSON string literal, quotes included.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace quire
