// Values as JSON text, letter by letter as the server prints its jsonb: a blank after each comma
// and colon, fields in stored order, what has no JSON form of its own as described in jsonb.h.
// Any thread; nothing in it depends on a session's settings.
#pragma once

#include <string>
#include <string_view>

#include "engine/store/value.h"

namespace quire {

// Appends the text of any value; a null is null.
void AppendJsonText(ValueView value, std::string* out);

// Appends a string in double quotes, with the escapes of the server.
void AppendJsonString(std::string_view value, std::string* out);

}  // namespace quire
