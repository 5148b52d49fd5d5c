/*
 * status.h - what can go wrong on our side. Broken input is a defect, not a status; the answer is a verdict.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define CS_STATUSES(X)                                    \
    X(CS_OK, "ok")                                        \
    X(CS_NOMEM, "out of memory")                          \
    X(CS_IO, "input/output error")                        \
    X(CS_NOENT, "no such file")                           \
    X(CS_ACCESS, "permission denied")                     \
    X(CS_NOTREG, "not a regular file")                    \
    X(CS_TOOBIG, "larger than its limit")                 \
    X(CS_CORRUPT, "damaged")                              \
    X(CS_FOREIGN, "not of the expected format or version") \
    X(CS_UNSAFE, "may be changed by others")              \
    X(CS_INVALID, "invalid value")                        \
    X(CS_UNSUPPORTED, "not supported")                    \
    X(CS_LIMIT, "limit reached")                          \
    X(CS_TIMEOUT, "time limit reached")                   \
    X(CS_STOP, "stopped by the caller")

enum cs_status {
#define X(code, text) code,
    CS_STATUSES(X)
#undef X
};

#define MUST_USE __attribute__((warn_unused_result))

/* A short lower-case text; never NULL, also for numbers that are no status. */
const char *cs_status_text(enum cs_status st);

/* The status that goes with an errno value: ENOMEM, EACCES, ENOENT … else CS_IO. */
enum cs_status cs_status_errno(int err);

#endif
