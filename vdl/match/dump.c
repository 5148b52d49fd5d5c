#include "db.h"

enum cs_status vdl_dump(const struct vdl_db *db, FILE *out)
{
    struct slice name;

    for (uint32_t i = 0; i < db->rules; i++) {
        if (!db_rule_name(db, i, &name))
            return CS_CORRUPT;
        fprintf(out, ":%.*s,", (int)name.n, (const char *)name.p);
    }
    return ferror(out) ? CS_IO : CS_OK;
}
