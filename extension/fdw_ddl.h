// What must happen when foreign tables are created and altered, however that comes about: a new
// table's collection is made in the same transaction, every definition is checked as a whole, and
// a table or column that is renamed keeps the documents and paths it had, because the default names
// that it took them from become options.
//
// The server has no callback for any of this. An object access hook notes which relations a command
// made or changed (also by a cascade), and a hook on utility commands looks at them afterwards,
// when the changes can be seen.
#pragma once

namespace quire {

// Installs both hooks. Called once in each process, from _PG_init.
void InstallDdlHooks();

}  // namespace quire
