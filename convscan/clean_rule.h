/*
 * clean_rule.h - cleaning as the rules themselves ask for it: what a rule with "clean=" matched is cut out or overwritten.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_NOMEM; CS_TOOBIG past the ceiling of out; CS_UNSUPPORTED where matches are left after CLEAN_RULE_ROUNDS;
 *             what the matcher says of a damaged image.
 *   Bounded   CLEAN_RULE_ROUNDS scans of the object, and CLEAN_RULE_BYTES in all of them.
 *
 * Only rules that counted in the first scan are looked at, and only matches in the object's own bytes. Without any, nothing is
 * appended to out and *is_changed stays false.
 */
#ifndef CONVSCAN_CLEAN_RULE_H
#define CONVSCAN_CLEAN_RULE_H

#include "base/buf.h"
#include "scan.h"

enum { CLEAN_RULE_ROUNDS = 1000, CLEAN_RULE_BYTES = 256 << 20 };

enum cs_status clean_by_rules(const struct scan_setup *setup, const struct verdict *found, const struct vdl_object *what,
                              struct slice in, struct buf *out, bool *is_changed) MUST_USE;

#endif
