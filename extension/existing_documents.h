// Checks the documents that are already there against constraints that a table gets by ALTER TABLE,
// or by being created as a partition: the server looks through tables of its own only, and takes
// constraints of foreign tables for granted. Called behind the command (fdw_ddl.h); functions may
// raise 23514 and 23502, for the first document that does not meet a constraint of its table.
#pragma once

#include "extension/server_types.h"

struct AlterTableStmt;
struct CreateStmt;

namespace quire {

// For ADD CONSTRAINT … CHECK without NOT VALID, VALIDATE CONSTRAINT, SET NOT NULL, ADD COLUMN with
// constraints and ATTACH PARTITION, of a foreign table of ours or of parents of such; for the
// latter those of the parent's default partition, too.
void CheckExistingDocuments(const AlterTableStmt* statement);
// For CREATE TABLE … PARTITION OF: the documents of the parent's default partition.
void CheckDefaultPartitionBeside(const CreateStmt* statement);
// For one table that a command of this transaction holds the lock of.
void CheckExistingDocumentsOf(ServerOid table);

}  // namespace quire
