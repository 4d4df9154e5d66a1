#include "extension/table_map.h"

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "extension/collection_owner.h"
#include "extension/door.h"
#include "extension/fdw_options.h"

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/errcodes.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace quire {

namespace {

// What the server says about a column.
struct ColumnFacts {
  const char* name;
  const char* path;  // the option, or null
  const char* type_name;
  ColumnType type;
  bool dropped;
  bool supported;
  bool generated;
  bool not_null;
};

struct Maps {
  struct Entry {
    std::unique_ptr<const TableMap> map;
    bool valid = false;
    bool changed = false;  // since the map began to be built
  };
  absl::flat_hash_map<ServerOid, Entry> by_relation;
  // Replaced, but perhaps still in use by a statement.
  std::vector<std::unique_ptr<const TableMap>> replaced;
};

// Of this process; made at first use and never destroyed.
Maps* maps = nullptr;

void Invalidate(Maps::Entry* entry) {
  entry->valid = false;
  entry->changed = true;
}

void RelationChanged(Datum, Oid relation) {
  if (OidIsValid(relation)) {
    const auto found = maps->by_relation.find(relation);
    if (found != maps->by_relation.end()) Invalidate(&found->second);
  } else {
    for (auto& [id, entry] : maps->by_relation) Invalidate(&entry);
  }
}

void RolesChanged(Datum, int, uint32) {
  for (auto& [id, entry] : maps->by_relation) Invalidate(&entry);
}

void TransactionEnded(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
    maps->replaced.clear();
  }
}

void EnsureMaps() {
  if (maps != nullptr) return;
  CallEngine([] {
    maps = new Maps;
    return absl::OkStatus();
  });
  CacheRegisterRelcacheCallback(RelationChanged, 0);
  // Whether a table's owner may use the collection depends on roles.
  CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, RolesChanged, 0);
  CacheRegisterSyscacheCallback(AUTHOID, RolesChanged, 0);
  RegisterXactCallback(TransactionEnded, nullptr);
}

ColumnFacts* FactsOf(Relation relation) {
  TupleDesc descriptor = RelationGetDescr(relation);
  auto* facts = static_cast<ColumnFacts*>(
      palloc0(sizeof(ColumnFacts) * static_cast<Size>(Max(descriptor->natts, 1))));
  for (int i = 0; i < descriptor->natts; ++i) {
    const FormData_pg_attribute* attribute = TupleDescAttr(descriptor, i);
    ColumnFacts* column = &facts[i];
    column->dropped = attribute->attisdropped;
    if (column->dropped) continue;
    column->name = NameStr(attribute->attname);
    column->path = ReadColumnPath(RelationGetRelid(relation), attribute->attnum);
    column->type_name = format_type_be(attribute->atttypid);
    column->supported = FindColumnType(attribute->atttypid, attribute->atttypmod, &column->type);
    column->generated = attribute->attgenerated != '\0';
    column->not_null = attribute->attnotnull;
  }
  return facts;
}

absl::Status ColumnError(int sqlstate, const ColumnFacts& facts, std::string_view message,
                         std::string_view hint = {}) {
  return SqlError(sqlstate,
                  absl::StrCat("column \"", facts.name, "\" ",
                               absl::string_view(message.data(), message.size())),
                  {}, hint);
}

ColumnRole RoleOf(std::string_view field) {
  if (field == "_id") return ColumnRole::kKey;
  if (field == "_doc") return ColumnRole::kDocument;
  if (field == "_version") return ColumnRole::kVersion;
  if (field == "_modified") return ColumnRole::kModified;
  return ColumnRole::kPath;
}

bool IsKeyType(const ColumnType& type) {
  switch (type.scalar) {
    case ScalarType::kText:
    case ScalarType::kInt2:
    case ScalarType::kInt4:
    case ScalarType::kInt8:
    case ScalarType::kUuid:
    case ScalarType::kJsonb:
      return !type.array;
    default:
      return false;
  }
}

absl::Status CheckRoleType(const ColumnFacts& facts, ColumnRole role) {
  const auto is = [&](ScalarType scalar) {
    return facts.type.scalar == scalar && !facts.type.array;
  };
  switch (role) {
    case ColumnRole::kKey:
      if (IsKeyType(facts.type)) return absl::OkStatus();
      return ColumnError(ERRCODE_FEATURE_NOT_SUPPORTED, facts,
                         absl::StrCat("is the key, and type ", facts.type_name, " cannot be one"),
                         "Types of keys: text, smallint, integer, bigint, uuid, jsonb.");
    case ColumnRole::kDocument:
      if (is(ScalarType::kJsonb) || is(ScalarType::kJson)) return absl::OkStatus();
      return ColumnError(ERRCODE_DATATYPE_MISMATCH, facts,
                         "shows the whole document and must be of type jsonb or json");
    case ColumnRole::kVersion:
      if (is(ScalarType::kInt8)) return absl::OkStatus();
      return ColumnError(ERRCODE_DATATYPE_MISMATCH, facts,
                         "shows the version and must be of type bigint");
    case ColumnRole::kModified:
      if (is(ScalarType::kTimestamptz)) return absl::OkStatus();
      return ColumnError(ERRCODE_DATATYPE_MISMATCH, facts,
                         "shows the time of the last write and must be of type timestamp with "
                         "time zone");
    default:
      return absl::OkStatus();
  }
}

absl::StatusOr<Column> MakeColumn(const ColumnFacts& facts) {
  Column column;
  if (facts.dropped) return column;
  if (!facts.supported) {
    return ColumnError(
        ERRCODE_FEATURE_NOT_SUPPORTED, facts,
        absl::StrCat("has type ", facts.type_name, ", which cannot show a value of a document"));
  }
  column.name = facts.name;
  column.type = facts.type;
  column.generated = facts.generated;
  column.not_null = facts.not_null;
  if (facts.path != nullptr) {
    QUIRE_ASSIGN_OR_RETURN(column.path, Path::Parse(facts.path));
  } else {
    column.path = Path::Field(facts.name);
  }
  const std::string& first = column.path.steps()[0].name;
  column.role = RoleOf(first);
  if (column.path.steps().size() > 1 && column.role != ColumnRole::kPath) {
    return ColumnError(ERRCODE_SYNTAX_ERROR, facts,
                       absl::StrCat("has a path that leads into the reserved ", first));
  }
  if (facts.path == nullptr && facts.name[0] == '_' && column.role == ColumnRole::kPath) {
    return ColumnError(ERRCODE_SYNTAX_ERROR, facts,
                       "needs an explicit path, because its name begins with \"_\"",
                       "Reserved are _id, _doc, _version, _modified; for a field of another such "
                       "name say OPTIONS (path '…').");
  }
  if (column.generated && column.role != ColumnRole::kPath && column.role != ColumnRole::kKey) {
    return ColumnError(ERRCODE_INVALID_TABLE_DEFINITION, facts,
                       "has a reserved path and cannot be generated");
  }
  QUIRE_RETURN_IF_ERROR(CheckRoleType(facts, column.role));
  return column;
}

int* PositionOf(TableMap* map, ColumnRole role) {
  switch (role) {
    case ColumnRole::kKey:
      return &map->key;
    case ColumnRole::kDocument:
      return &map->document;
    case ColumnRole::kVersion:
      return &map->version;
    case ColumnRole::kModified:
      return &map->modified;
    default:
      return nullptr;
  }
}

absl::Status AddColumn(const ColumnFacts& facts, TableMap* map) {
  QUIRE_ASSIGN_OR_RETURN(Column column, MakeColumn(facts));
  const int position = static_cast<int>(map->columns.size());
  if (column.role != ColumnRole::kDropped) {
    for (const Column& other : map->columns) {
      if (other.role == ColumnRole::kDropped || !(other.path == column.path)) continue;
      return SqlError(ERRCODE_INVALID_TABLE_DEFINITION,
                      absl::StrCat("columns \"", other.name, "\" and \"", column.name,
                                   "\" have the same path ", column.path.ToString()));
    }
  }
  if (int* at = PositionOf(map, column.role)) *at = position;
  if (column.role == ColumnRole::kKey) map->key_type = column.type.scalar;
  map->has_generated |= column.generated;
  // The reserved columns are never NULL.
  map->has_constraints |= column.not_null && column.role == ColumnRole::kPath;
  map->columns.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status AddColumns(const ColumnFacts* facts, int count, TableMap* map) {
  map->columns.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) QUIRE_RETURN_IF_ERROR(AddColumn(facts[i], map));
  if (map->key >= 0) return absl::OkStatus();
  return SqlError(ERRCODE_INVALID_TABLE_DEFINITION, "the table has no column for the key", {},
                  "Add one: _id text NOT NULL, or a column with OPTIONS (path '_id').");
}

void CheckDefinition(Relation relation, const ColumnFacts* facts, TableMap* map) {
  const int count = RelationGetDescr(relation)->natts;
  CallEngine([&] { return AddColumns(facts, count, map); });
}

// A TableMap is no trivial object: it is made inside a door and owned by `maps` at once, so that an
// error of the server does not leave it behind.
TableMap* NewMap(ServerOid relation) {
  TableMap* map = nullptr;
  CallEngine([&] {
    Maps::Entry& entry = maps->by_relation[relation];
    if (entry.map != nullptr) maps->replaced.push_back(std::move(entry.map));
    auto made = std::make_unique<TableMap>();
    map = made.get();
    entry.map = std::move(made);
    entry.valid = false;
    entry.changed = false;
    return absl::OkStatus();
  });
  map->relation = relation;
  return map;
}

const TableMap* BuildMap(Relation relation) {
  const ServerOid id = RelationGetRelid(relation);
  // First, so that a change that comes in while the catalogs are read is not missed.
  TableMap* map = NewMap(id);
  const ColumnFacts* facts = FactsOf(relation);
  const TableOptions options = ReadTableOptions(id);
  CollectionEntry collection;
  if (!FindCollection(options.collection, &collection)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("collection \"%s.%s\" of foreign table \"%s\" does not exist",
                           options.collection.name_space, options.collection.name,
                           RelationGetRelationName(relation)),
                    errhint("It was dropped. Create the table anew, or name another collection "
                            "with ALTER FOREIGN TABLE … OPTIONS (SET collection …).")));
  }
  CheckDefinition(relation, facts, map);
  CheckTableOwner(relation, options.collection, collection);
  CheckKeyType(options.collection, collection, map->columns[map->key].type.type);
  map->collection_name = options.collection;
  map->collection_id = collection.id;
  map->strict = options.strict;
  const TupleConstr* constraints = RelationGetDescr(relation)->constr;
  map->has_constraints |= constraints != nullptr && constraints->num_check > 0;
  map->has_constraints |= relation->rd_rel->relispartition;
  Maps::Entry* entry = &maps->by_relation.find(id)->second;
  entry->valid = !entry->changed;
  return map;
}

}  // namespace

const TableMap* GetTableMap(RelationData* relation) {
  EnsureMaps();
  const auto found = maps->by_relation.find(RelationGetRelid(relation));
  if (found != maps->by_relation.end() && found->second.valid) [[likely]] {
    return found->second.map.get();
  }
  return BuildMap(relation);
}

ServerOid CheckTableDefinition(RelationData* relation) {
  EnsureMaps();
  const ColumnFacts* facts = FactsOf(relation);
  TableMap* map = NewMap(RelationGetRelid(relation));
  CheckDefinition(relation, facts, map);
  return map->columns[map->key].type.type;
}

const char* PathOfColumnName(const char* name) {
  const char* result = nullptr;
  CallEngine([&] {
    const std::string text = Path::Field(name).ToString();
    return CallServer([&] { result = pnstrdup(text.data(), text.size()); });
  });
  return result;
}

}  // namespace quire
