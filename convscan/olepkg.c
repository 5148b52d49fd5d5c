#include "olepkg.h"

#include "cut.h"
#include "utf16.h"

bool olepkg_parse(struct slice in, struct olepkg *out)
{
    struct cut c = { in, false };
    uint32_t n;

    *out = (struct olepkg){ 0 };
    if (cut_le16(&c) != 2)
        return false;
    out->label = cut_string(&c);
    out->path = cut_string(&c);
    (void)cut_bytes(&c, 2);
    (void)cut_bytes(&c, 2);                               /* 3: embedded, 1: a link; data may follow either */
    n = cut_le32(&c);
    out->command = until_nul(cut_bytes(&c, n));
    n = cut_le32(&c);
    if (c.is_out || n == 0)
        return false;
    out->data = cut_bytes(&c, n);
    out->is_short = c.is_out;
    return out->data.n != 0;
}

static struct slice last_part(struct slice path)
{
    for (size_t i = path.n; i; i--)
        if (path.p[i - 1] == '\\' || path.p[i - 1] == '/')
            return slice_drop(path, i);
    return path;
}

static enum cs_status emit_package(const struct olepkg *pkg, struct emit *out)
{
    struct slice name = pkg->label.n ? pkg->label : pkg->command.n ? pkg->command : pkg->path;
    struct emit_child c = { .kind = EMIT_MEMBER, .name = last_part(name), .how = "ole-package", .size = pkg->data.n,
                            .packed = pkg->data.n };
    enum cs_status st = pkg->is_short ? out->note(out, EMIT_DAMAGED, "embedded package is cut short") : CS_OK;

    return st == CS_OK ? emit_whole(out, &c, pkg->data) : st;
}

static enum cs_status emit_data(struct slice name, struct slice data, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = name, .how = "ole-native", .size = data.n, .packed = data.n };

    return data.n ? emit_whole(out, &c, data) : CS_OK;
}

enum cs_status olepkg_native(struct slice stream, struct emit *out)
{
    struct olepkg pkg;

    if (stream.n < 4)
        return CS_OK;
    if (olepkg_parse(slice_drop(stream, 4), &pkg) || olepkg_parse(stream, &pkg))
        return emit_package(&pkg, out);
    return emit_data(SLICE("Ole10Native"), slice_drop(stream, 4), out);
}

/* The head of an OLE 1 object; false when it does not fit. */
static bool object_head(struct cut *c, struct slice *class_name)
{
    (void)cut_bytes(c, 4);                          /* version: anything is accepted */
    (void)cut_bytes(c, 4);                          /* 1 linked, 2 embedded; not to be trusted */
    *class_name = until_nul(cut_bytes(c, cut_le32(c)));
    (void)cut_bytes(c, cut_le32(c));                /* topic */
    (void)cut_bytes(c, cut_le32(c));                /* item */
    return !c->is_out;
}

bool olepkg_is_object(struct slice object)
{
    struct cut c = { object, false };
    struct slice class_name;

    return object_head(&c, &class_name) && class_name.n && c.left.n >= 4;
}

enum cs_status olepkg_object(struct slice object, struct emit *out)
{
    struct slice magic = SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), class_name, data = object, stray;
    struct cut c = { object, false };
    struct olepkg pkg;
    enum cs_status st = CS_OK;

    if (object_head(&c, &class_name) && c.left.n >= 4) {
        data = cut_bytes(&c, cut_le32(&c));
        if (olepkg_parse(data, &pkg))
            st = emit_package(&pkg, out);
        else
            st = emit_data(class_name, data, out);
    } else {
        st = emit_data(SLICE("object"), object, out);
    }
    stray = slice_drop(object, slice_find(object, magic));
    return st == CS_OK && stray.n && stray.p != data.p ? emit_data(SLICE("object"), stray, out) : st;
}
