// Remembers that the data directory was copied from elsewhere (a base backup, pg_rewind), so that
// the end of the engine log in it is wherever the copy stopped, and no damage.
//
// The server says so by its file backup_label, which it renames early in its start; a file of our
// own, `quire/restored`, keeps the fact until the engine log was opened once, whatever crashes in
// between. Relative paths: the server's processes stand in the data directory.
#pragma once

namespace quire {

// Makes the mark when backup_label is there. Called by the postmaster, before the server's own
// recovery begins.
void NoteRestoredFiles();
// Called by the log worker.
bool FilesWereRestored();
// Raises when the mark cannot be removed durably.
void ForgetRestoredFiles();

}  // namespace quire
