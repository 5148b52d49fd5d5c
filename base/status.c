#include "status.h"

#include <errno.h>
#include <stddef.h>

const char *cs_status_text(enum cs_status st)
{
    static const char *const texts[] = {
#define X(code, text) [(code)] = (text),
        CS_STATUSES(X)
#undef X
    };

    return (size_t)st < sizeof texts / sizeof *texts ? texts[st] : "unknown status";
}

enum cs_status cs_status_errno(int err)
{
    switch (err) {
    case ENOMEM: return CS_NOMEM;
    case EACCES:
    case EPERM: return CS_ACCESS;
    case ENOENT:
    case ENOTDIR: return CS_NOENT;
    case EISDIR: return CS_NOTREG;
    case EFBIG: return CS_TOOBIG;
    default: return CS_IO;
    }
}
