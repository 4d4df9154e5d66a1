// Checks the documents that are already there against constraints that a table gets by ALTER TABLE:
// the server looks through tables of its own only, and takes constraints of foreign tables for
// granted. Called behind the command (fdw_ddl.h); functions may raise.
#pragma once

struct AlterTableStmt;

namespace quire {

// For ADD CONSTRAINT … CHECK without NOT VALID, SET NOT NULL, ADD COLUMN with constraints and
// ATTACH PARTITION, of a foreign table of ours or of parents of such. Raises 23514 and 23502 for
// the first document that does not meet a constraint of its table.
void CheckExistingDocuments(const AlterTableStmt* statement);

}  // namespace quire
