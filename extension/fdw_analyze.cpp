#include "extension/fdw_analyze.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "engine/store/number_sample.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/row_reader.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// A table has no pages here. The server divides a sample among the parts of a partitioned table by
// them, so let them be in proportion to documents.
constexpr uint32_t kDocumentsPerPage = 16;
// Rows that tell how large the others will be.
constexpr uint32_t kPilotRows = 256;

struct Sampling {
  RowReader reader;
  RowBatch batch;
  Snapshot snapshot;
};

// What one pass over a sample found.
struct Pass {
  uint32_t looked_at = 0;
  int rows = 0;
  double documents = 0;
  uint64_t bytes = 0;
};

// What an analysis holds while it runs.
class Analysis {
 public:
  explicit Analysis(Relation relation)
      : descriptor_(RelationGetDescr(relation)),
        map_(GetTableMap(relation)),
        backend_(RequireBackend()),
        context_(
            AllocSetContextCreate(CurrentMemoryContext, "quire analyze", ALLOCSET_DEFAULT_SIZES)),
        sampling_(NewInContext<Sampling>(context_)) {
    const MemoryContext previous = MemoryContextSwitchTo(context_);
    values_ = static_cast<Datum*>(palloc0(sizeof(Datum) * RowColumns()));
    nulls_ = static_cast<bool*>(palloc(RowColumns()));
    memset(nulls_, true, RowColumns());
    const ::Snapshot snapshot = GetActiveSnapshot();
    FillSnapshot(snapshot, snapshot->curcid, &sampling_->snapshot);
    List* columns = AnalyzedColumns(relation);
    MemoryContextSwitchTo(previous);
    CallEngine([&] {
      if (map_->state == nullptr) {
        map_->state = Catalog(backend_->session()).Find(map_->collection_id);
      }
      if (map_->state != nullptr) {
        const Collection collection = Handle();
        numbers_ = collection.numbers();
        documents_ = static_cast<double>(collection.documents());
      }
      sampling_->reader.Init(map_, columns);
      return absl::OkStatus();
    });
  }
  // Its memory goes here, or with the caller's after an error.
  void End() { MemoryContextDelete(context_); }

  uint32_t numbers() const { return numbers_; }
  bool has_changes() const { return backend_->writer()->has_changes(); }
  // As far as outcomes are settled.
  double documents() const { return documents_; }

  // Looks at `wanted` numbers and only measures the rows.
  Pass Measure(uint32_t wanted) {
    Pass pass;
    NumberSample sample = Draw(wanted);
    for (bool more = map_->state != nullptr; more;) {
      ReadBatch(&sample, &pass, &more);
      for (size_t i = 0; i < sampling_->batch.size(); ++i) {
        HeapTuple row = FormRow(i);
        pass.bytes += row->t_len;
        ++pass.rows;
        heap_freetuple(row);
      }
    }
    return pass;
  }

  // Looks at `wanted` numbers. At most `rows_max` of the documents found become rows, each with the
  // same chance, in the caller's memory.
  Pass Read(uint32_t wanted, HeapTuple* rows, int rows_max) {
    Pass pass;
    NumberSample sample = Draw(wanted);
    for (bool more = map_->state != nullptr; more;) {
      ReadBatch(&sample, &pass, &more);
      for (size_t i = 0; i < sampling_->batch.size(); ++i) {
        pass.documents += 1;
        int place = pass.rows;
        if (place < rows_max) {
          ++pass.rows;
        } else {
          // More than expected: J. Vitter's algorithm R, "Random sampling with a reservoir", 1985.
          const uint64_t pick = sample.Random() % static_cast<uint64_t>(pass.documents);
          if (pick >= static_cast<uint64_t>(rows_max)) continue;
          place = static_cast<int>(pick);
          heap_freetuple(rows[place]);
        }
        rows[place] = FormRow(i);
      }
    }
    return pass;
  }

 private:
  // A bounded number of documents at a time.
  static constexpr size_t kBatchRows = 64;
  static constexpr uint64_t kBatchBytes = 256 << 10;

  Size RowColumns() const { return static_cast<Size>(descriptor_->natts) + 1; }
  Collection Handle() const {
    return Collection(backend_->session(), backend_->host(), map_->state);
  }

  // Columns that nobody wants statistics of (SET STATISTICS 0) are not made. Statistics of several
  // columns do not say which those are.
  List* AnalyzedColumns(Relation relation) const {
    const bool all = RelationGetStatExtList(relation) != NIL;
    List* columns = NIL;
    for (int i = 0; i < descriptor_->natts; ++i) {
      const FormData_pg_attribute* attribute = TupleDescAttr(descriptor_, i);
      if (attribute->attisdropped || (attribute->attstattarget == 0 && !all)) continue;
      columns = lappend_int(columns, i);
    }
    return columns;
  }

  NumberSample Draw(uint32_t wanted) const {
    return NumberSample(numbers_, wanted, pg_prng_uint64(&pg_global_prng_state));
  }

  void ReadBatch(NumberSample* sample, Pass* pass, bool* more) {
    vacuum_delay_point();
    CallEngine([&] {
      Collection collection = Handle();
      RowBatch* batch = &sampling_->batch;
      batch->Clear();
      uint32_t number = 0;
      while (batch->size() < kBatchRows && batch->bytes() < kBatchBytes) {
        *more = sample->Next(&number);
        if (!*more) break;
        ++pass->looked_at;
        QUIRE_RETURN_IF_ERROR(collection.GetByNumber(number, sampling_->snapshot, batch).status());
      }
      return absl::OkStatus();
    });
  }

  HeapTuple FormRow(size_t i) {
    CallEngine([&] {
      return sampling_->reader.Read(sampling_->batch[i],
                                    RowTarget{.values = values_, .nulls = nulls_});
    });
    return heap_form_tuple(descriptor_, values_, nulls_);
  }

  // Constant after construction.
  const TupleDesc descriptor_;
  const TableMap* const map_;
  Backend* const backend_;
  const MemoryContext context_;
  Sampling* const sampling_;
  Datum* values_ = nullptr;
  bool* nulls_ = nullptr;
  uint32_t numbers_ = 0;
  double documents_ = 0;
};
static_assert(std::is_trivially_destructible_v<Analysis>);

// Numbers to look at, so that about so many documents are found.
uint32_t NumbersFor(const Analysis& analysis, double documents) {
  if (analysis.documents() < 1) return analysis.numbers();
  const double numbers = documents * analysis.numbers() / analysis.documents();
  return static_cast<uint32_t>(std::min<double>(numbers, analysis.numbers()));
}

int AcquireSampleRows(Relation relation, int message_level, HeapTuple* rows, int rows_max,
                      double* documents, double* dead) {
  Analysis analysis(relation);
  // Rows may be large: the sample gets smaller before it takes more than maintenance_work_mem.
  if (analysis.numbers() > kPilotRows) {
    const Pass pilot = analysis.Measure(NumbersFor(analysis, kPilotRows));
    if (pilot.rows > 0) {
      const double affordable =
          1024.0 * maintenance_work_mem * pilot.rows / static_cast<double>(pilot.bytes);
      rows_max = std::max(1, static_cast<int>(std::min<double>(rows_max, affordable)));
    }
  }
  const Pass pass = analysis.Read(NumbersFor(analysis, rows_max), rows, rows_max);
  *documents = pass.documents;
  if (pass.looked_at < analysis.numbers()) {
    // The count is exact, but for what this transaction has changed.
    *documents = analysis.has_changes() ? pass.documents * analysis.numbers() / pass.looked_at
                                        : std::max(analysis.documents(), pass.documents);
  }
  *dead = 0;
  analysis.End();
  ereport(message_level, (errmsg("\"%s\": %.0f documents, %d of them in the sample",
                                 RelationGetRelationName(relation), *documents, pass.rows)));
  return pass.rows;
}

}  // namespace

bool AnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc* sample, BlockNumber* pages) {
  const TableMap* map = GetTableMap(relation);
  Backend* backend = RequireBackend();
  uint32_t numbers = 0;
  CallEngine([&] {
    if (map->state == nullptr) map->state = Catalog(backend->session()).Find(map->collection_id);
    if (map->state != nullptr) {
      numbers = Collection(backend->session(), backend->host(), map->state).numbers();
    }
    return absl::OkStatus();
  });
  *sample = AcquireSampleRows;
  *pages = numbers / kDocumentsPerPage + 1;
  return true;
}

}  // namespace quire
