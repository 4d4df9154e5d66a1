#include "extension/restored_marker.h"

#include <fcntl.h>
#include <unistd.h>

#include "extension/paths.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "storage/fd.h"
}

namespace quire {

namespace {

bool Exists(const char* path) {
  return access(path, F_OK) == 0;
}

}  // namespace

void NoteRestoredFiles() {
  // Without the folder nothing of ours was restored.
  if (!Exists(BACKUP_LABEL_FILE) || !Exists(kDataFolder)) return;
  const int file = BasicOpenFile(kRestoredPath, O_CREAT | O_RDWR);
  if (file < 0) {
    ereport(FATAL,
            (errcode_for_file_access(), errmsg("could not create file \"%s\": %m", kRestoredPath)));
  }
  close(file);
  fsync_fname(kRestoredPath, false);
  fsync_fname(kDataFolder, true);
}

bool FilesWereRestored() {
  return Exists(kRestoredPath);
}

void ForgetRestoredFiles() {
  if (Exists(kRestoredPath)) durable_unlink(kRestoredPath, ERROR);
}

}  // namespace quire
