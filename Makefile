# Quire: build and install as any extension (`make`, `make install`), plus the project's own tools:
#
#   make demo            packages, build, private server, real data, a guided tour
#   make check           every test; make check-<stage> runs one stage (see scripts/check)
#   make check-data DATA=<folder of NDJSON files>
#
# The tools need nothing but make and bash to start: they install or name the packages they want.
# The extension itself needs the server's headers (PGXS).

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)

# A goal `foo` is a tool when there is a scripts/foo; `check-foo` may also be a stage of scripts/check.
tool_goals := $(filter demo bench fuzz torture power format psql stop check check-%,$(MAKECMDGOALS))

ifneq ($(tool_goals),)
# ---------------------------------------------------------------------------------------- tools

.PHONY: $(MAKECMDGOALS)

export PG_CONFIG

# To PGXS, whose make the script calls, DATA is what to install: it must not reach it.
MAKEOVERRIDES := $(filter-out DATA=%,$(MAKEOVERRIDES))
check-data:
	@scripts/check-data "$(DATA)"
check-mutants:
	@scripts/mutants
power:
	@scripts/torture 0
psql:
	@scripts/private-server psql
stop:
	@scripts/private-server stop
$(filter-out check-data check-mutants,$(filter check-%,$(tool_goals))): check-%:
	@if [ -x scripts/check-$* ]; then scripts/check-$*; else scripts/check $*; fi
demo bench fuzz torture format check:
	@scripts/$@

# Asked for together with a tool: the ordinary build, in an instance of make of its own.
$(filter-out $(tool_goals),$(MAKECMDGOALS)):
	@$(MAKE) --no-print-directory $@

else
# ------------------------------------------------------------------------------------ extension

EXTENSION = quire
EXTVERSION = 0.1
DATA = $(wildcard quire--*.sql)

objects_dir := build/pgxs
engine_sources := $(sort $(shell find engine -name '*.cpp'))
extension_sources := $(sort $(wildcard extension/*.cpp))

MODULE_big = quire
OBJS = $(patsubst %.cpp,$(objects_dir)/%.o,$(engine_sources) $(extension_sources))

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=$(EXTENSION)

# What `include` names may also be added here: Abseil is shared, one list serves every module.
abseil_modules := absl_status absl_statusor absl_strings absl_str_format absl_cord \
  absl_flat_hash_map absl_flat_hash_set absl_inlined_vector absl_span absl_synchronization \
  absl_time absl_cleanup absl_hash absl_int128 absl_bits
modules := $(abseil_modules)

SHLIB_LINK = -Wl,-Bsymbolic $(shell pkg-config --libs $(modules)) -lstdc++
EXTRA_CLEAN = build/pgxs

# PGXS has bitcode rules that -std=c++20 does not reach.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error The development files of PostgreSQL 15 are not here: run scripts/install-packages build, or set PG_CONFIG)
endif
include $(PGXS)

# QUIRE_DEFINES: further -D for a special build. WERROR= builds with a compiler that warns of more.
WERROR ?= -Werror
quire_cxxflags := -std=c++20 -O2 -g -fPIC -Wall -Wextra $(WERROR) -Wno-missing-field-initializers \
  -fno-semantic-interposition -fno-strict-aliasing -fwrapv -fvisibility-inlines-hidden \
  -ffile-prefix-map=$(CURDIR)=. $(QUIRE_DEFINES) -I.

# Only the extension sees the server's headers: an engine file that includes one does not compile.
# The server looks its functions up by name, and 15 does not mark them itself; the engine shows none.
server_cppflags := -isystem $(includedir_server) -Wno-register

$(objects_dir)/engine/%.o: engine/%.cpp $(objects_dir)/flags
	@mkdir -p $(@D)
	$(CXX) $(quire_cxxflags) -fvisibility=hidden -MMD -MP -c $< -o $@

$(objects_dir)/extension/%.o: extension/%.cpp $(objects_dir)/flags
	@mkdir -p $(@D)
	$(CXX) $(quire_cxxflags) $(server_cppflags) -MMD -MP -c $< -o $@

# Changes only when the compiler or its flags do, and then everything is compiled anew.
flags_now := $(CXX) $(quire_cxxflags) $(server_cppflags)
ifneq ($(flags_now),$(file <$(objects_dir)/flags))
$(shell mkdir -p $(objects_dir))
$(file >$(objects_dir)/flags,$(flags_now))
endif

# A source that is gone must leave the library: the list of objects is a prerequisite too.
ifneq ($(OBJS),$(file <$(objects_dir)/objects))
$(file >$(objects_dir)/objects,$(OBJS))
endif
$(shlib): $(objects_dir)/objects

-include $(OBJS:.o=.d)

endif
