#include "extension/fdw_unique.h"

#include "extension/fdw_plan.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_am.h"
#include "foreign/fdwapi.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace quire {

namespace {

get_relation_info_hook_type next_relation_info = nullptr;

// Null when equal keys of the column's type need not be one key.
IndexOptInfo* KeyIndex(Relation table, RelOptInfo* relation) {
  const TableMap& map = *GetTableMap(table);
  const FormData_pg_attribute* attribute = TupleDescAttr(RelationGetDescr(table), map.key);
  const Oid collation = attribute->attcollation;
  if (OidIsValid(collation) && !get_collation_isdeterministic(collation)) return nullptr;
  const TypeCacheEntry* type = lookup_type_cache(
      map.columns[static_cast<size_t>(map.key)].type.type, TYPECACHE_BTREE_OPFAMILY);

  IndexOptInfo* index = makeNode(IndexOptInfo);
  index->rel = relation;
  index->tree_height = -1;
  index->ncolumns = index->nkeycolumns = 1;
  index->indexkeys = static_cast<int*>(palloc(sizeof(int)));
  index->indexkeys[0] = attribute->attnum;
  index->indexcollations = static_cast<Oid*>(palloc(sizeof(Oid)));
  index->indexcollations[0] = collation;
  index->opfamily = static_cast<Oid*>(palloc(sizeof(Oid)));
  index->opfamily[0] = type->btree_opf;
  index->opcintype = static_cast<Oid*>(palloc(sizeof(Oid)));
  index->opcintype[0] = type->btree_opintype;
  index->canreturn = static_cast<bool*>(palloc0(sizeof(bool)));
  index->relam = BTREE_AM_OID;
  index->unique = true;
  index->immediate = true;
  index->hypothetical = true;
  Var* variable = makeVar(static_cast<int>(relation->relid), attribute->attnum, attribute->atttypid,
                          attribute->atttypmod, collation, 0);
  index->indextlist =
      list_make1(makeTargetEntry(reinterpret_cast<Expr*>(variable), 1, nullptr, false));
  return index;
}

void RelationInfo(PlannerInfo* root, Oid table, bool is_parent, RelOptInfo* relation) {
  if (next_relation_info != nullptr) next_relation_info(root, table, is_parent, relation);
  if (relation->fdwroutine == nullptr ||
      relation->fdwroutine->GetForeignRelSize != GetForeignRelSize) {
    return;
  }
  Relation opened = table_open(table, NoLock);
  IndexOptInfo* index = KeyIndex(opened, relation);
  table_close(opened, NoLock);
  if (index != nullptr) relation->indexlist = lcons(index, relation->indexlist);
}

}  // namespace

void InstallUniqueKeys() {
  next_relation_info = get_relation_info_hook;
  get_relation_info_hook = RelationInfo;
}

}  // namespace quire
