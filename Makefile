# convscan. `make` builds everything to build/bin; `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
VERSION := 0.1.0

CC ?= cc
# For another processor: RUN="qemu-s390x -L ROOT" runs what the build itself must run. See scripts/check-portable.
RUN ?=
OPT ?= -O2
WARN := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla $(if $(WERROR),-Werror)
# Control-flow marks (CET) are made where the processor knows them. What each costs: make bench-hardening.
MARKS := $(if $(filter x86_64-% i%86-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-fcf-protection=full)
HARDEN ?= -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(MARKS)
HARDEN_LINK ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack
CPPFLAGS += -I. -D_GNU_SOURCE -DCONVSCAN_VERSION='"$(VERSION)"' -include base/banned.h
CFLAGS ?= $(OPT) -g
ALL_CFLAGS := -std=c11 $(WARN) $(HARDEN) $(CFLAGS) $(SAN)
ALL_LDFLAGS := $(HARDEN_LINK) -Wl,--gc-sections -Wl,--as-needed $(SAN) $(SAN_LINK) $(LDFLAGS)

# libc and the loader stay dynamic, everything else is linked in: see docs/decisions.
# DYNAMIC=1 is for systems that keep no static libraries: see docs/PORTING.md.
static = $(if $(DYNAMIC),$(1),-Wl,-Bstatic $(1) -Wl,-Bdynamic)
# nettle looks at the processor before main() and again when first used, where that was not done: the first time is left out,
# since most parts need no digest and the question is slow on a virtual machine.
NETTLE_FAT := $(BUILD)/gen/nettle-fat.o
LIBS_HASH := $(call static,-lnettle)
LIBS_REGEX := $(call static,-lpcre2-8)
# Compiled help is opened where libmspack is there to be linked in; else it is reported as something that cannot be opened.
MSPACK := $(if $(wildcard /usr/include/mspack.h),-lmspack)
# Where libdeflate is there to be linked in it unpacks what is large; all else, and all without it, is zlib's.
DEFLATE := $(if $(wildcard /usr/include/libdeflate.h),-ldeflate)
LIBS_ARCHIVE := $(call static,-larchive $(MSPACK) $(DEFLATE) -lnettle -lbz2 -llzma -lzstd -llz4 -lz)
LIBS_MAGIC := $(call static,-lmagic -lbz2 -llzma -lz)
LIBS_SCREEN := $(call static,-lncursesw -ltinfo)
LIBS_JSON := $(call static,-ljansson)
LIBS_INI := $(call static,-linih)
LIBS_ZLIB := $(call static,-lz)
# The console is one long-lived process: its libraries stay shared, and the system keeps them up to date.
LIBS_WEB := -lmicrohttpd -lsqlite3 -lcrypt -lpthread
LIBS_MILTER := $(call static,-lmilter) -lpthread

comma := ,
room = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(2),$(wildcard $(1)/*.c)))
OBJ_base := $(call room,base)
OBJ_mime := $(call room,mime)
OBJ_match := $(call room,vdl/match)
OBJ_compile := $(call room,vdl/compile)
OBJ_convscan := $(call room,convscan,convscan/main.c)
IMTA_MAINS := imta/convchan.c imta/convstat.c imta/convtop.c imta/convhold.c imta/convmilter.c
OBJ_imta := $(call room,imta,$(IMTA_MAINS))
OBJ_console := $(call room,console,console/convweb.c)
LIB := $(BUILD)/lib
L_base := $(LIB)/libbase.a
L_mime := $(LIB)/libmime.a
L_match := $(LIB)/libvdlmatch.a
L_compile := $(LIB)/libvdlcompile.a
L_convscan := $(LIB)/libconvscan.a
L_imta := $(LIB)/libimta.a
L_console := $(LIB)/libconsole.a

PROGRAMS := $(addprefix $(BUILD)/bin/,convscan vdlc convweb $(patsubst %.c,%,$(notdir $(wildcard $(IMTA_MAINS)))))

.PHONY: all
all: $(PROGRAMS) rules ## build programs and shipped rules (the default)

# Said once and plainly, not by the hundredth compiler that stumbles over it.
TOOLS := $(BUILD)/.tools
$(TOOLS):
	@mkdir -p $(@D)
	@echo '#include <archive.h>' | $(CC) $(CPPFLAGS) -fsyntax-only -x c - 2>/dev/null || { \
	    echo 'make: there is no compiler ($(CC)) or no libarchive. On Debian:  scripts/install-deps build' >&2; exit 1; }
	@touch $@

$(BUILD)/obj/%.o: %.c | $(TOOLS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -ffunction-sections -fdata-sections -c -o $@ $<

$(LIB)/lib%.a:
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^
$(L_base): $(OBJ_base)
$(L_mime): $(OBJ_mime)
$(L_match): $(OBJ_match)
$(L_compile): $(OBJ_compile)
$(L_convscan): $(OBJ_convscan)
$(L_imta): $(OBJ_imta)
$(L_console): $(OBJ_console)
$(BUILD)/obj/console/asset.o: console/style.css console/live.js

# The filter of the cage, made by libseccomp at build time: see scripts/gen-cage.c.
$(BUILD)/gen/gen-cage: scripts/gen-cage.c | $(TOOLS)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -O1 -o $@ $< $(LDFLAGS) -lseccomp
$(BUILD)/gen/cage_filter.h: $(BUILD)/gen/gen-cage
	$(RUN) $< $(CAGE) >$@.new && mv $@.new $@
$(BUILD)/obj/convscan/cage.o: $(BUILD)/gen/cage_filter.h
$(BUILD)/obj/convscan/cage.o: CPPFLAGS += -I$(BUILD)/gen

$(NETTLE_FAT): | $(TOOLS)
	@mkdir -p $(@D)
	lib=$$($(CC) $(LDFLAGS) -print-file-name=libnettle.a); \
	if [ -z "$(DYNAMIC)" ] && ar t $$lib 2>/dev/null | grep -qx fat-x86_64.o; then \
	    ar p $$lib fat-x86_64.o >$@ && objcopy --remove-section .init_array --remove-section .rela.init_array $@; \
	else echo | $(CC) -c -x c -o $@ -; fi

# What every part runs stands side by side in convscan, so that fewer pages are mapped at a start: docs/decisions/0017-startup-order.md.
# Left out where the linker is not GNU's.
STARTUP_ORDER := $(if $(shell $(CC) $(ALL_LDFLAGS) -Wl,--version 2>/dev/null | grep '^GNU ld'),$(BUILD)/gen/startup.ld)
$(BUILD)/gen/startup.ld: scripts/startup-script.awk convscan/startup.order
	@mkdir -p $(@D)
	awk -f $^ >$@.new && mv $@.new $@

# LDLIBS=-liconv where iconv is a library of its own.
link = @mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)
$(BUILD)/bin/convscan: $(BUILD)/obj/convscan/main.o $(NETTLE_FAT) $(L_convscan) $(L_mime) $(L_match) $(L_base) $(STARTUP_ORDER)
	$(link) $(addprefix -Wl$(comma)-T$(comma),$(STARTUP_ORDER)) $(LIBS_ARCHIVE) $(LIBS_MAGIC) $(LIBS_INI) $(LIBS_REGEX) -lm -lpthread
	cp $@ $@.copy && mv -f $@.copy $@ # as when installed: written in one go, it stands in larger pieces in the cache than the linker leaves
	ln -sf convscan $(@D)/uvscan
$(BUILD)/bin/vdlc: $(BUILD)/obj/vdl/vdlc.o $(L_compile) $(L_match) $(L_base)
	$(link) $(LIBS_ARCHIVE) $(LIBS_HASH) $(LIBS_REGEX) -lm
IMTA_BINS := $(patsubst imta/%.c,$(BUILD)/bin/%,$(wildcard $(IMTA_MAINS)))
$(IMTA_BINS): $(BUILD)/bin/%: $(BUILD)/obj/imta/%.o $(L_imta) $(L_mime) $(L_base)
	$(link) $(if $(filter %convhold,$@),$(LIBS_JSON) $(LIBS_HASH)) $(if $(filter %convtop,$@),$(LIBS_SCREEN)) $(if $(filter %convmilter,$@),$(LIBS_MILTER)) -lm

$(BUILD)/bin/convweb: $(BUILD)/obj/console/convweb.o $(L_console) $(L_imta) $(L_mime) $(L_base)
	$(link) $(LIBS_JSON) $(LIBS_ARCHIVE) $(LIBS_WEB) -lm

RULES := $(BUILD)/share/convscan/rules.vdb
.PHONY: rules
rules: $(RULES)
# The samples that the rules carry are run; the image is written when all of them pass.
$(RULES): $(wildcard vdl/rules/*.vdl) $(BUILD)/bin/vdlc
	@mkdir -p $(@D)
	$(RUN) $(BUILD)/bin/vdlc --test -q -o $@ $(filter %.vdl,$^)

# ---- set-up: a bare machine has git and make; these targets install the rest themselves -----------------------------
READY := build/.ready
$(READY)-%: scripts/install-deps
	@mkdir -p $(@D)
	scripts/install-deps $(subst -, ,$*)
	@touch $@
JOBS := $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
again = @+$(MAKE) -s --no-print-directory $(JOBS)

# ---- tests -------------------------------------------------------------------------------------------------------
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
PLAIN := $(addprefix $(BUILD)/plain/,$(FUZZ))
LIBS_ALL := $(LDLIBS) $(LIBS_WEB) $(LIBS_JSON) $(LIBS_ARCHIVE) $(LIBS_MAGIC) $(LIBS_INI) $(LIBS_REGEX) -lm
ARCHIVES := $(L_console) $(L_imta) $(L_convscan) $(L_mime) $(L_compile) $(L_match) $(L_base)

.PHONY: check test
test: check ## the same as check
check: $(READY)-build-demo-test ## install what is missing, build, run all tests (T=name for one)
	$(again) all unit plain fault-tools
	@BUILD=$(BUILD) tests/run $(T)

.PHONY: unit plain
unit: $(UNIT) ## build the unit tests (run one with `make check T=qp`)
plain: $(PLAIN) ## build the fuzz targets as plain programs that are fed their seeds
$(BUILD)/tests/%: tests/unit/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(filter %.a,$^) -lcheck -lsubunit $(LIBS_ALL) -lrt -lpthread
$(BUILD)/tests/test_differential: tests/differential.c tests/reference.c
$(BUILD)/tests/test_rules: tests/reference.c
$(BUILD)/plain/%: tests/fuzz/%.c tests/fuzz/standalone.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS_ALL)

# Fault injection: a tracer that makes system calls fail, a library that makes allocations fail, and what judges the outcome.
FAULT := $(BUILD)/fault/inject $(BUILD)/fault/shim.so
.PHONY: faults fault-tools
fault-tools: $(FAULT)
$(BUILD)/fault/inject: tests/fault/inject.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -o $@ $<
$(BUILD)/fault/shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -shared -fPIC -o $@ $<
faults: $(READY)-build-demo ## every system call and allocation of convscan, vdlc and convchan fails in turn; a matrix of counts
	$(again) all fault-tools
	@BIN=$(BUILD)/bin FAULT=$(BUILD)/fault python3 tests/fault/faults.py

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
.PHONY: asan
asan: $(READY)-build-demo-test ## unit tests and seeds under the address and undefined behaviour sanitizers (K='unit cli' for others)
	$(again) BUILD=build/asan OPT=-O1 HARDEN= SAN='$(SANITIZE)' all unit plain
	@BUILD=build/asan TEST_SECONDS=600 tests/run -k '$(or $(K),unit seeds)' $(T)

# The memory sanitizer takes what a library wrote for unwritten: tests/msan.c stands before those whose output is read, check's among them.
# Left out: what works in memory of libarchive, SQLite and jansson, and what needs the programs themselves.
MSAN_NOT := fuzz_unpack fuzz_hold fuzz_web test_console test_peer test_peer_yara
MSAN := -fsanitize=memory $(if $(ORIGINS),-fsanitize-memory-track-origins) -fno-sanitize-recover=all -fno-omit-frame-pointer
.PHONY: msan
msan: $(READY)-build-fuzz-test ## unit tests and seeds under clang's memory sanitizer; ORIGINS=1 says where a byte came from
	@mkdir -p build/msan
	clang -std=c11 -O1 -fPIE -Wall -Wextra -c -o build/msan/msan.o tests/msan.c
	$(again) BUILD=build/msan CC=clang OPT=-O1 HARDEN= HARDEN_LINK= SAN='$(MSAN)' SAN_LINK="$$(nm build/msan/msan.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p' | tr '\n' ' ') build/msan/msan.o" unit plain
	@BUILD=build/msan CK_DEFAULT_TIMEOUT=600 TEST_SECONDS=1200 tests/run -k 'unit seeds' $(or $(T),$(filter-out $(MSAN_NOT),$(notdir $(UNIT)) $(FUZZ)))

# The counts are written by a program at its end, from inside the cage: this build's cage lets it, and _exit() writes them too.
COUNTED := --coverage -include tests/counted.h -DCOUNTS_FOLDER=\"$(abspath build/cov/obj)\"
.PHONY: coverage
coverage: $(READY)-build-demo-test ## lines reached by the tests, a line a file, in build/cov/coverage.txt
	@find build/cov -name '*.gcda' -delete 2>/dev/null || true
	$(again) BUILD=build/cov OPT=-O0 HARDEN= CAGE=--counts SAN='$(COUNTED)' all unit plain
	@BUILD=build/cov tests/run $(T) || true
	@scripts/coverage build/cov

.PHONY: startup-order
startup-order: $(READY)-build-demo ## convscan/startup.order anew: what a plain part runs (gcc and gcov)
	$(again) BUILD=build/cov OPT=-O0 HARDEN= CAGE=--counts SAN='$(COUNTED)' all
	@scripts/startup-order build/cov >build/startup.order && mv build/startup.order convscan/startup.order

# The fuzzing engine needs clang. Its builds stand apart, like those of the sanitizers.
SECONDS ?= 60
.PHONY: fuzz fuzz-all
fuzz: $(READY)-build-fuzz ## run one fuzz target with the engine: F=mime SECONDS=60
	@test -f tests/fuzz/fuzz_$(F).c || { echo "make fuzz: F must be one of: $(patsubst fuzz_%,%,$(FUZZ))" >&2; exit 64; }
	$(again) BUILD=build/fuzz CC=clang OPT=-O1 HARDEN= SAN='$(SANITIZE) -fsanitize=fuzzer-no-link' build/fuzz/engine/fuzz_$(F)
	@tests/fuzz/run-engine build/fuzz fuzz_$(F) $(SECONDS)
fuzz-all: $(READY)-build-fuzz ## every fuzz target in turn, SECONDS each; ends with the time and the executions of all
	$(again) BUILD=build/fuzz CC=clang OPT=-O1 HARDEN= SAN='$(SANITIZE) -fsanitize=fuzzer-no-link' $(addprefix build/fuzz/engine/,$(FUZZ))
	@tests/fuzz/run-all build/fuzz $(SECONDS) $(FUZZ)
.PHONY: fuzz-afl
fuzz-afl: $(READY)-build-fuzz ## AFL++ on convchan as a whole: SECONDS=60
	$(again) BUILD=build/afl CC=afl-clang-fast OPT=-O1 HARDEN= build/afl/bin/convchan
	@tests/fuzz/run-afl build/afl $(SECONDS)
$(BUILD)/engine/%: tests/fuzz/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS_ALL)

.PHONY: demo
demo: $(READY)-build-demo ## a real message through the channel: what was found, and what became of it
	$(again) all
	@BUILD=$(BUILD) scripts/demo

.PHONY: lint format check-hardening
lint: $(READY)-build-demo-lint ## layers, headers alone, shell, manual pages, C; nothing of this machine in the tree
	$(again) all
	@BUILD=$(BUILD) CC='$(CC)' scripts/lint
format: ## clang-format in place
	git ls-files '*.c' '*.h' | xargs clang-format -i
.PHONY: analyze
analyze: $(READY)-build-analyze ## clang-tidy and -fanalyzer over the sources (FILES="..." for some): what they say, nothing when all is well
	$(again) $(BUILD)/gen/cage_filter.h
	@scripts/analyze $(FILES)
check-hardening: $(READY)-build ## the programs are hardened and linked as docs/decisions say
	$(again) all
	@scripts/check-hardening $(BUILD)/bin

.PHONY: bench
bench: $(READY)-build-demo ## measure against peers and floors; QUICK=1 takes under a minute, make bench-deps installs the peers
	$(again) all bench-programs
	@BUILD=$(BUILD) QUICK=$(QUICK) python3 tests/bench/bench.py
.PHONY: bench-milter
bench-milter: $(READY)-build-demo-test ## what convmilter adds to Postfix's time for a message, against a filter that only accepts (root); QUICK=1
	$(again) all $(BUILD)/bench/accept_milter
	@BUILD=$(BUILD) QUICK=$(QUICK) ROOT=. BIN=$(abspath $(BUILD))/bin PYTHONDONTWRITEBYTECODE=1 python3 tests/bench/milter.py $(BUILD)/bench/accept_milter
$(BUILD)/bench/accept_milter: tests/bench/accept_milter.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS_MILTER)
.PHONY: storm
storm: $(READY)-build-demo ## thousands of messages through the queue, half infected; QUICK=1 is small, ARGS='--sizes 1000 --jobs 2' chooses
	$(again) all
	@BUILD=$(BUILD) QUICK=$(QUICK) BIN=$(abspath $(BUILD))/bin PYTHONDONTWRITEBYTECODE=1 python3 tests/storm/storm.py $(ARGS)
.PHONY: bench-web
bench-web: $(READY)-build-demo ## the console under load: 100,000 entries, 200 requests a second (ENTRIES, RATE, SECONDS, FOLDER)
	$(again) all
	@BIN=$(abspath $(BUILD))/bin PYTHONDONTWRITEBYTECODE=1 python3 tests/bench/web.py
.PHONY: bench-deps bench-programs
bench-deps: ## install the peers of the bench
	scripts/install-deps build demo bench
.PHONY: bench-hardening
bench-hardening: $(READY)-build-demo ## what each of the hardening flags costs a start: convscan built without it, in pairs; PAIRS=1000
	$(again) all bench-programs
	@BUILD=$(BUILD) HARDEN='$(HARDEN)' HARDEN_LINK='$(HARDEN_LINK)' PYTHONDONTWRITEBYTECODE=1 python3 tests/bench/hardening.py $(PAIRS)
BENCH_OURS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*_bench.c))
bench-programs: $(BENCH_OURS)
$(BUILD)/bench/%_bench: tests/bench/%_bench.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS_ALL)

# ---- installing --------------------------------------------------------------------------------------------------
BINDIR := $(DESTDIR)$(PREFIX)/bin
SBINDIR := $(DESTDIR)$(PREFIX)/sbin
DATADIR := $(DESTDIR)$(PREFIX)/share/convscan
MANDIR := $(DESTDIR)$(PREFIX)/share/man
BASHDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR := $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions
COMPLETED := uvscan vdlc convchan convstat convtop convhold convmilter convweb vdl-update vdl-publish flood-digest
PAGES := $(wildcard docs/man/*.[1-8])
.PHONY: install uninstall dist
install: all ## install below PREFIX (and DESTDIR)
	install -d $(BINDIR) $(SBINDIR) $(DATADIR)/samples $(DATADIR)/rules $(DATADIR)/scripts $(DATADIR)/units
	install -m 755 $(PROGRAMS) scripts/queue-watch $(BINDIR)
	ln -sf convscan $(BINDIR)/uvscan
	install -m 755 scripts/vdl-update scripts/vdl-publish scripts/flood-digest $(SBINDIR)
	install -m 755 $(addprefix scripts/,eicar rotate sie spin spin-script vreset) $(DATADIR)/scripts
	install -m 644 scripts/spin-time $(DATADIR)/scripts
	install -m 644 $(RULES) $(DATADIR)
	install -m 644 vdl/rules/*.vdl $(DATADIR)/rules
	install -m 644 imta/*.sample console/*.sample $(DATADIR)/samples
	install -m 755 imta/postfix/convchan-filter $(DATADIR)/scripts
	install -m 644 scripts/units/* $(DATADIR)/units
	install -d $(BASHDIR) $(ZSHDIR)
	install -m 644 scripts/completions/convscan.bash $(BASHDIR)/convscan
	for p in $(COMPLETED); do ln -sf convscan $(BASHDIR)/$$p || exit 1; done
	install -m 644 scripts/completions/_convscan $(ZSHDIR)
	for page in $(PAGES); do \
	    d=$(MANDIR)/man$${page##*.}; install -d $$d && install -m 644 $$page $$d || exit 1; done
uninstall: ## take away what install put there
	rm -f $(addprefix $(BINDIR)/,$(notdir $(PROGRAMS)) queue-watch uvscan) $(SBINDIR)/vdl-update $(SBINDIR)/vdl-publish $(SBINDIR)/flood-digest
	rm -rf $(DATADIR)
	rm -f $(addprefix $(BASHDIR)/,convscan $(COMPLETED)) $(ZSHDIR)/_convscan
	for page in $(notdir $(PAGES)); do rm -f $(MANDIR)/man$${page##*.}/$$page; done
dist: ## a source archive of the last commit
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=convscan-$(VERSION)/ -o $(BUILD)/convscan-$(VERSION).tar.gz HEAD

.PHONY: check-packages
check-packages: ## Debian packages built and tried in fresh roots: install, catch, update, remove, purge (root, debootstrap)
	scripts/check-packages

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16

.PHONY: clean
clean: ## remove everything made
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/tests $(BUILD)/plain $(BUILD)/bench -name '*.d' 2>/dev/null)
