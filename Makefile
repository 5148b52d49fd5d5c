# convscan. `make` builds everything to build/bin; `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
VERSION := 0.1.0

CC ?= cc
OPT ?= -O2
WARN := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla $(if $(WERROR),-Werror)
HARDEN ?= -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
CPPFLAGS += -I. -D_GNU_SOURCE -DCONVSCAN_VERSION='"$(VERSION)"' -include base/banned.h
CFLAGS ?= $(OPT) -g
ALL_CFLAGS := -std=c11 $(WARN) $(HARDEN) $(CFLAGS) $(SAN)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(SAN) $(LDFLAGS)

# libc and the loader stay dynamic, everything else is linked in: see docs/decisions.
static = -Wl,-Bstatic $(1) -Wl,-Bdynamic
LIBS_HASH := $(call static,-lnettle)
LIBS_REGEX := $(call static,-lpcre2-8)
LIBS_ARCHIVE := $(call static,-larchive -lnettle -lbz2 -llzma -lzstd -llz4 -lz)
LIBS_MAGIC := $(call static,-lmagic -lbz2 -llzma -lz)
LIBS_INI := $(call static,-linih)
LIBS_ZLIB := $(call static,-lz)

room = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(2),$(wildcard $(1)/*.c)))
OBJ_base := $(call room,base)
OBJ_mime := $(call room,mime)
OBJ_match := $(call room,vdl/match)
OBJ_compile := $(call room,vdl/compile)
OBJ_convscan := $(call room,convscan,convscan/main.c)
IMTA_MAINS := imta/convchan.c imta/convstat.c imta/convtop.c imta/convhold.c imta/convmilter.c
OBJ_imta := $(call room,imta,$(IMTA_MAINS))
LIB := $(BUILD)/lib
L_base := $(LIB)/libbase.a
L_mime := $(LIB)/libmime.a
L_match := $(LIB)/libvdlmatch.a
L_compile := $(LIB)/libvdlcompile.a
L_convscan := $(LIB)/libconvscan.a
L_imta := $(LIB)/libimta.a

PROGRAMS := $(addprefix $(BUILD)/bin/,$(patsubst %.c,%,$(notdir $(wildcard vdl/vdlc.c $(IMTA_MAINS)))) $(if $(wildcard convscan/main.c),convscan))

.PHONY: all
all: $(PROGRAMS) rules ## build programs and shipped rules (the default)

$(BUILD)/obj/%.o: %.c
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

link = @mkdir -p $(@D) && echo LINK $@ && $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^)
$(BUILD)/bin/convscan: $(BUILD)/obj/convscan/main.o $(L_convscan) $(L_mime) $(L_match) $(L_base)
	$(link) $(LIBS_ARCHIVE) $(LIBS_MAGIC) $(LIBS_INI) $(LIBS_REGEX) -lm
	ln -sf convscan $(@D)/uvscan
$(BUILD)/bin/vdlc: $(BUILD)/obj/vdl/vdlc.o $(L_compile) $(L_match) $(L_base)
	$(link) $(LIBS_ARCHIVE) $(LIBS_HASH) $(LIBS_REGEX) -lm
$(BUILD)/bin/convchan: $(BUILD)/obj/imta/convchan.o $(L_imta) $(L_mime) $(L_base)
	$(link)
$(BUILD)/bin/convstat: $(BUILD)/obj/imta/convstat.o $(L_imta) $(L_base)
	$(link) -lm

RULES := $(BUILD)/share/convscan/rules.vdb
.PHONY: rules
rules: $(if $(wildcard vdl/rules/*.vdl),$(RULES))
$(RULES): $(wildcard vdl/rules/*.vdl) $(BUILD)/bin/vdlc
	@mkdir -p $(@D)
	$(BUILD)/bin/vdlc -o $@ $(filter %.vdl,$^)

# ---- tests -------------------------------------------------------------------------------------------------------
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
.PHONY: unit
unit: $(UNIT) ## build the unit tests (run one with `make check T=qp`)
$(BUILD)/tests/%: tests/unit/%.c $(L_imta) $(L_convscan) $(L_mime) $(L_compile) $(L_match) $(L_base)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(filter %.a,$^) -lcheck -lsubunit $(LIBS_ARCHIVE) $(LIBS_MAGIC) $(LIBS_INI) $(LIBS_REGEX) -lrt -lm -lpthread

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16

.PHONY: clean
clean: ## remove everything made
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/tests -name '*.d' 2>/dev/null)
