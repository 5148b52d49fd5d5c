#include <check.h>

#include "compiling.h"
#include "corpus.h"
#include "tree.h"
#include "vdl/compile/clam.h"

typedef enum cs_status reader(struct vdl_reader *, struct slice);

/* A line, and the tree it makes; or what the complaint says. */
static const struct { reader *read; const char *line, *tree, *says; } lines[] = {
    { clam_read_ndb, "a:0:*:6162", "(seg \"ab\")", NULL },
    { clam_read_ndb, "a:*:*:4D5a00", "(seg \"MZ\\x00\")", NULL },
    { clam_read_ndb, "a:0:*:4d5a??00{10-200}5045", "(seg (cat \"MZ\" (gap 1) \"\\x00\" (gap 10-200) \"PE\"))", NULL },
    { clam_read_ndb, "a:0:*:4142{3}4344", "(seg (cat \"AB\" (gap 3) \"CD\"))", NULL },
    { clam_read_ndb, "a:0:*:4142{-3}4344{5-}4546*4748", "(seg (cat \"AB\" (gap 0-3) \"CD\" (gap 5-) \"EF\" (gap 0-) \"GH\"))", NULL },
    { clam_read_ndb, "a:0:*:41{2}42434344", "(seg (cat \"A\" (gap 2) \"BCCD\"))", NULL },
    { clam_read_ndb, "a:0:*:41424?4?43", "(seg (mask \"AB@@C\" \"\\xff\\xff\\xf0\\xf0\\xff\"))", NULL },
    { clam_read_ndb, "a:0:*:4142?2", "(seg (mask \"AB\\x02\" \"\\xff\\xff\\x0f\"))", NULL },
    { clam_read_ndb, "a:0:*:64[2-5]6162(63|64)65", "(seg (cat \"d\" (gap 2-5) \"ab\" [63-64] \"e\"))", NULL },
    { clam_read_ndb, "a:0:*:6162[3]63", "(seg (cat \"ab\" (gap 3) \"c\"))", NULL },
    { clam_read_ndb, "a:0:*:6161(626262|6333|64)6161", "(seg (cat \"aa\" (alt \"bbb\" \"c3\" \"d\") \"aa\"))", NULL },
    { clam_read_ndb, "a:0:*:6161(62|63(64|65(66)))6161", "(seg (cat \"aa\" (alt \"b\" (cat \"c\" (alt \"d\" \"ef\"))) \"aa\"))", NULL },
    { clam_read_ndb, "a:0:*:!(0d|0a)6576696c(W)", "(seg (cat [00-09 0b-0c 0e-ff] \"evil\" (edge W>)))", NULL },
    { clam_read_ndb, "a:0:*:6162!(6162|6163)", "(seg (cat \"ab\" (alt (cat [00-60 62-ff] (gap 1)) (cat \"a\" [00-61 64-ff]))))", NULL },
    { clam_read_ndb, "a:0:*:(B)6162(L)", "(seg (cat (edge B) \"ab\" (edge L>)))", NULL },
    { clam_read_ndb, "a:0:*:!(W)6162", "(seg (cat (edge !W) \"ab\"))", NULL },
    { clam_read_ndb, "a:0:*:6162(L)6364", "(seg (cat \"ab\" (alt [0a] \"\\x0d\\x0a\") \"cd\"))", NULL },
    { clam_read_ndb, "a:0:12:6162", "(seg @start:12:12 \"ab\")", NULL },
    { clam_read_ndb, "a:0:12,5:6162", "(seg @start:12:17 \"ab\")", NULL },
    { clam_read_ndb, "a:0:EOF-20,5:6162", "(seg @end:15:20 \"ab\")", NULL },
    { clam_read_ndb, "a:1:EP-4,2:6162", "(seg @EP:-4:-2 \"ab\")", NULL },
    { clam_read_ndb, "a:6:S3+7:6162", "(seg @S3:7:7 \"ab\")", NULL },
    { clam_read_ndb, "a:1:SL+7:6162", "(seg @SL:7:7 \"ab\")", NULL },
    { clam_read_ndb, "a:1:SE1:6162", "(seg @SE1:0:0 \"ab\")", NULL },
    { clam_read_ndb, "a:1:VI:6162", "(seg @VI:0:0 \"ab\")", NULL },
    { clam_read_db, "a b (Clam)=616263", "(seg \"abc\")", NULL },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:5:n", "(hash \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 5)", NULL },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:*:n:73", "(hash \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\")", NULL },
    { clam_read_section, "5:d41d8cd98f00b204e9800998ecf8427e:n", "(section \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 5)", NULL },

    { clam_read_ldb, "n;Engine:81-255,Target:0;0&1|2;6161;6262;6363", "(and (seg \"aa\") (or (seg \"bb\") (seg \"cc\")))", NULL },
    { clam_read_ldb, "n;Target:0;0|1&2;6161;6262;6363", "(or (seg \"aa\") (and (seg \"bb\") (seg \"cc\")))", NULL },
    { clam_read_ldb, "n;Target:0;(0|1&2|3);6161;6262;6363;6464", "(or (or (seg \"aa\") (and (seg \"bb\") (seg \"cc\"))) (seg \"dd\"))", NULL },
    { clam_read_ldb, "n;Target:0;(0&1|2);6161;6262;6363", "(or (and (seg \"aa\") (seg \"bb\")) (seg \"cc\"))", NULL },
    { clam_read_ldb, "n;Target:0;0&1&2;6161;6262;6363", "(and (seg \"aa\") (seg \"bb\") (seg \"cc\"))", NULL },
    { clam_read_ldb, "n;Target:0;(0|1)>5,2&2=0;6161;6262;6363", "(and (count >5/2 (or (seg \"aa\") (seg \"bb\"))) (not (seg \"cc\")))", NULL },
    { clam_read_ldb, "n;Target:0;0>3,2;6161", "(count >3 (seg \"aa\"))", NULL },
    { clam_read_ldb, "n;Target:0;0,1-4&1;6161;6262", "(and (seg \"aa\") (seg \"bb\"))", NULL },
    { clam_read_ldb, "n;Engine:51-255,FileSize:10-20,Container:CL_TYPE_ZIP,Target:0;0;6161", "(and (size 10-20) (inside \"ZIP\") (seg \"aa\"))", NULL },
    { clam_read_ldb, "n;Engine:51-255,Container:CL_TYPE_ANY,Target:0;0;6161", "(and (depth 0) (seg \"aa\"))", NULL },
    { clam_read_ldb, "n;Engine:51-255,Intermediates:CL_TYPE_ZIP>CL_TYPE_ANY>CL_TYPE_MSOLE2,Target:0;0;6161", "(and (inside \"ZIP>*>OLE2\") (seg \"aa\"))", NULL },
    { clam_read_ldb, "n;Target:0;0;4162::i", "(seg (fold \"Ab\"))", NULL },
    { clam_read_ldb, "n;Target:0;0;6162::wi", "(seg (fold \"a\\x00b\\x00\"))", NULL },
    { clam_read_ldb, "n;Target:0;0;6162{2}63::wa", "(seg (alt (cat \"ab\" (gap 2) \"c\") (cat \"a\\x00b\\x00\" (gap 2) \"c\\x00\")))", NULL },
    { clam_read_ldb, "n;Target:0;0;6162::f", "(seg (cat (edge W) \"ab\" (edge W>)))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;5,6:6162;EOF-3:6364", "(and (seg @start:5:11 \"ab\") (seg @end:3:3 \"cd\"))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;6162;0/a;b:c\\/d/is", "(and (seg \"ab\") (regex \"a;b:c\\x5c/d\" 3 (seg \"ab\")))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;6162;3,8:0/ab/e", "(and (seg \"ab\") (regex \"ab\" 512 @start:3:11 (seg \"ab\")))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#hb4#>10,<20)", "(and (seg \"ab\") (int hex4be@5>10<20 (seg \"ab\")))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(<<0x10#il2#=7)", "(and (seg \"ab\") (int raw2le!@-16=7 (seg \"ab\")))", NULL },

    { clam_read_cdb, "n:CL_TYPE_ZIP:*:\\.exe$:*:10-20:0:*:*:*", "(and (inside \"ZIP\") (size 10-20) (name \"*.exe\"))", NULL },
    { clam_read_cdb, "n:*:*:^inv.*\\.(scr|pif)$:*:*:*:*:*:*", "(or (name \"inv*.scr\") (name \"inv*.pif\"))", NULL },

    { clam_read_ndb, "a:0:*", NULL, "malformed: expected NAME:TARGET:OFFSET:HEX" },
    { clam_read_ndb, "a:0:*:616", NULL, "malformed: half a byte" },
    { clam_read_ndb, "a:0:*:61", NULL, "malformed: each part" },
    { clam_read_ndb, "a:0:*:6162{5-2}6364", NULL, "malformed: a gap that ends before it begins" },
    { clam_read_ndb, "a:0:*:6162[2-40]63", NULL, "malformed: expected [n-m]" },
    { clam_read_ndb, "a:0:EP+1:6162", NULL, "malformed: this offset goes with executables" },
    { clam_read_ndb, "a:0:$32$:6162", NULL, "malformed: a macro group is $0$ to $31$" },
    { clam_read_ndb, "a:13:*:6162", NULL, "unsupported: a: target 13" },
    { clam_read_ldb, "n;Target:0;0;6162;6364", NULL, "malformed: 2 subsignatures, but the expression uses 1" },
    { clam_read_ldb, "n;Target:0;0&;6162", NULL, "malformed: expected a number" },
    { clam_read_ldb, "n;Target:0;(0;6162", NULL, "malformed: expected ')'" },
    { clam_read_ldb, "n;Target:0;0;!(6162)::i", NULL, "malformed: a negated alternative does not go with modifiers" },
    { clam_read_ldb, "n;Target:0;0;1/ab/", NULL, "malformed: a trigger may use earlier" },
    { clam_read_ldb, "n;Target:0;0&1;6162;${1-2}3$", NULL, "unsupported: n: macro that begins inside the subsignature" },
    { clam_read_ldb, "n;Engine:51-255,IconGroup1:x,Target:1;0;6162", NULL, "unsupported: n: target description IconGroup1" },
    { clam_read_ldb, "n;Engine:81-255;0;6162", NULL, "malformed: Target is missing" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:*:n", NULL, "malformed: size * needs" },
    { clam_read_cdb, "n:CL_TYPE_ZIP:*:a\\.(b|c)$:*:*:0:*:*:*", "(and (inside \"ZIP\") (or (name \"*a.b\") (name \"*a.c\")))", NULL },
    { clam_read_cdb, "n:*:*:a(b|c(d|e)):*:*:*:*:*:*", NULL, "unsupported: n: name regular expression" },
    { clam_read_cdb, "n:*:*:^a.b.*c:*:5-0:*:*:*:*:1:255", "(and (size 5-) (name \"a?b*c*\"))", NULL },
    { clam_read_cdb, "n:*:*:*:7:7:*:*:*:*", "(size 7)", NULL },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:*:n:72", NULL, "malformed: size * needs" }, { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:0:n", NULL, "malformed: a size is a positive number" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:0x5:n", NULL, "malformed: a size is a positive number" }, { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:4294967295:n", NULL, "malformed: a size is a positive" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:5:", NULL, "malformed: a signature without a name" }, { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:5", NULL, "malformed: expected HASH:SIZE:NAME" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:5:n:1:2:3", NULL, "malformed: expected HASH:SIZE:NAME" }, { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427ex:5:n", NULL, "malformed: a hash has 32, 40 or 64" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427g:5:n", NULL, "malformed: expected hexadecimal digits" },
    { clam_read_hash, "d41d8cd98f00b204e9800998ecf8427e:5:n:x", NULL, "malformed: a functionality level is a number" }, { clam_read_section, "d41d8cd98f00b204e9800998ecf8427e:5:n", NULL, "malformed: a hash has 32" },
    { clam_read_section, "5:d41d8cd98f00b204e9800998ecf8427e", NULL, "malformed: expected SIZE:HASH:NAME" }, { clam_read_section_pua, "*:d41d8cd98f00b204e9800998ecf8427e:n:73", "(section \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\")", NULL },
    { clam_read_hash_pua, "d41d8cd98f00b204e9800998ecf8427e:5:n", "(hash \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 5)", NULL }, { clam_read_hash_allow, "d41d8cd98f00b204e9800998ecf8427e:5:n", "(hash \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 5)", NULL },
    { clam_read_imp, "d41d8cd98f00b204e9800998ecf8427e:5:n", "(imports \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 5)", NULL }, { clam_read_imp, "d41d8cd98f00b204e9800998ecf8427e:*:n", "(imports \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\")", NULL },
    { clam_read_imp, "MD5", NULL, "malformed: expected HASH:SIZE:NAME" }, { clam_read_imp, "d41d8cd98f00b204e9800998ecf8427e:0:n", NULL, "malformed: a size is a positive number" },
    { clam_read_ign2, "a:b:c", NULL, "malformed: expected NAME or NAME:MD5" }, { clam_read_ign2, "a:MD", NULL, "malformed: an MD5 has 32" },
    { clam_read_ign2, ":d41d8cd98f00b204e9800998ecf8427e", NULL, "malformed: expected NAME" }, { clam_read_ign, "a:b", NULL, "malformed: expected three fields" },
    { clam_read_ign, "a:1:", NULL, "malformed: expected three fields" },
    { clam_read_db, "a", NULL, "malformed: expected NAME=HEX" }, { clam_read_db, "=6162", NULL, "malformed: expected NAME=HEX" },
    { clam_read_db, "a==6162", NULL, "unsupported: a: NAME==" }, { clam_read_ndu, "a:0:*:6162", "(seg \"ab\")", NULL },
    { clam_read_ldu, "n;Target:0;0;6162", "(seg \"ab\")", NULL },

    { clam_read_ndb, ":0:*:6162", NULL, "malformed: a signature without a name" }, { clam_read_ndb, "a:x:*:6162", NULL, "malformed: expected a target type" },
    { clam_read_ndb, "a:15:*:6162", NULL, "unsupported: a: target of 15 or more" }, { clam_read_ndb, "a:0:5,x:6162", NULL, "malformed: a shift is a number" },
    { clam_read_ndb, "a:0:EOF+5:6162", NULL, "malformed: expected an offset" }, { clam_read_ndb, "a:1:S:6162", NULL, "malformed: expected an offset" },
    { clam_read_ndb, "a:1:S3:6162", NULL, "malformed: expected an offset" }, { clam_read_ndb, "a:1:S123456+1:6162", NULL, "malformed: expected an offset" },
    { clam_read_ndb, "a:0:00000000000000000000000000000000000000000000000000000000000000001:6162", NULL, "malformed: an offset longer than 64" },
    { clam_read_ndb, "a:0:*:6162(63", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162)", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162{63", NULL, "malformed" },
    { clam_read_ndb, "a:0:*:6162{}63", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162[2-3", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162[5-2]63", NULL, "malformed" },
    { clam_read_ndb, "a:0:*:6162(*)", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162(6364|)", NULL, "malformed" }, { clam_read_ndb, "a:0:*:", NULL, "malformed" },
    { clam_read_ndb, "a:0:*:6162!", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162(X)63", NULL, "malformed" }, { clam_read_ndb, "a:0:*:6162!(63|6465)", NULL, "malformed" },

    { clam_read_ldb, "n;Target:0;0", NULL, "malformed: expected NAME;TDB" }, { clam_read_ldb, ";Target:0;0;6162", NULL, "malformed: a signature without a name" },
    { clam_read_ldb, "n;Target;0;6162", NULL, "malformed: expected KEY:VALUE" }, { clam_read_ldb, "n;Target:x;0;6162", NULL, "malformed: expected Target:number" },
    { clam_read_ldb, "n;Target:15;0;6162", NULL, "unsupported: n: target of 15" }, { clam_read_ldb, "n;Engine:5,Target:0;0;6162", NULL, "malformed: expected Engine:min-max" },
    { clam_read_ldb, "n;FileSize:5,Target:0;0;6162", NULL, "malformed: expected FileSize" }, { clam_read_ldb, "n;FileSize:9-5,Target:0;0;6162", "(and (false) (seg \"ab\"))", NULL },
    { clam_read_ldb, "n;Container:CL_TYPE_GONE,Target:0;0;6162", NULL, "unsupported: n: container type CL_TYPE_GONE" },
    { clam_read_ldb, "n;Container:ZIP,Target:0;0;6162", NULL, "unsupported: n: container type ZIP" },
    { clam_read_ldb, "n;Intermediates:CL_TYPE_ZIP>X,Target:0;0;6162", NULL, "unsupported: n: container type X" },
    { clam_read_ldb, "n;Target:0,Target:0,Target:0,Target:0,Target:0,Target:0,Target:0,Target:0,Target:0,Target:0,Target:0;0;6162", NULL, "malformed: more than ten" },
    { clam_read_ldb, "n;Target:0;64;6162", NULL, "malformed: a subsignature number above 63" }, { clam_read_ldb, "n;Target:0;0x;6162", NULL, "malformed: expected '&'" },
    { clam_read_ldb, "n;Target:0;0>;6162", NULL, "malformed: expected a number" }, { clam_read_ldb, "n;Target:0;0>1,;6162", NULL, "malformed: expected a number" },
    { clam_read_ldb, "n;Target:0;0<2;6162", "(count <2 (seg \"ab\"))", NULL }, { clam_read_ldb, "n;Target:0;0=2;6162", "(count =2 (seg \"ab\"))", NULL },
    { clam_read_ldb, "n;Target:0;0;6162::z", NULL, "malformed: a modifier is" }, { clam_read_ldb, "n;Target:0;0;", NULL, "malformed: an empty subsignature" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0/ab", NULL, "malformed: a regular expression without its second" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0//", NULL, "malformed: an empty regular expression" }, { clam_read_ldb, "n;Target:0;0&1;6162;0/ab/q", NULL, "malformed: a flag is one of" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0/(ab/", NULL, "malformed" }, { clam_read_ldb, "n;Target:0;0&1;6162;x/ab/", NULL, "malformed" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0&/ab/", NULL, "malformed" }, { clam_read_ldb, "n;Target:0;0&1;6162;0)/ab/", NULL, "malformed: expected an expression as trigger" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0/ab/mxAEUgr", "(and (seg \"ab\") (regex \"ab\" 508 (seg \"ab\")))", NULL },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#zb4#=1)", NULL, "malformed: a byte comparison reads" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#h4#=1)", NULL, "malformed: expected l or b" }, { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#hb#=1)", NULL, "malformed: expected a number of" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#dl4#=1)", NULL, "malformed: decimal text" }, { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#hb4#=1,=2,=3)", NULL, "malformed: at most two" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#hb4#1)", NULL, "malformed: expected <, > or =" }, { clam_read_ldb, "n;Target:0;0&1;6162;1(>>5#hb4#=1)", NULL, "malformed: a byte comparison starts" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#hb4#=1", NULL, "malformed: expected ')' at the end" }, { clam_read_ldb, "n;Target:0;0&1;6162;0(5#hb4#=1)", NULL, "malformed: expected >>offset" },
    { clam_read_ldb, "n;Target:0;0&1;6162;0(>>5#db4e#=0x10)", NULL, "malformed: expected a number of bytes" }, { clam_read_ldb, "n;Target:0;0&1;6162;fuzzy_img#af2ad01ed42993c7#0", NULL, "unsupported: n: image hash" },

    { clam_read_ldb, "n;Target:0;0&1;6162;${1-2}3", NULL, "malformed: expected ${min-max}group$" }, { clam_read_ldb, "n;Target:0;0&1;6162;${5-2}3$", NULL, "macro at no possible distance" },
    { clam_read_ldb, "n;Target:0;0;${5-9}3$", NULL, "macro with no subsignature before it" }, { clam_read_ldb, "n;Target:0;0&1;6162*6364;${5-9}3$", NULL, "no fixed length" },
    { clam_read_ldb, "n;Target:0;0&1&2;6162;0/ab/;${5-9}3$", NULL, "macro behind no plain subsignature" },
    { clam_read_ldb, "n;Target:0;0&1;6162;${5-9}3$", "(and (seg \"ab\") (false))", NULL }, { clam_read_unknown, "x", NULL, "unsupported: x: format" },
    { clam_read_cdb, "n:CL_TYPE_ZIP:*:x", NULL, "malformed: expected 10 to 12 fields" }, { clam_read_cdb, ":*:*:x:*:*:*:*:*:*", NULL, "malformed: a signature without a name" },
    { clam_read_cdb, "n:*:*:*:*:*:*:*:*:*", NULL, "malformed: a signature that matches every member" }, { clam_read_cdb, "n:CL_TYPE_X:*:*:*:5:*:*:*:*", NULL, "unsupported: n: container type" },
    { clam_read_cdb, "n:*:5:x:*:*:*:*:*:*", NULL, "unsupported: n: container size" }, { clam_read_cdb, "n:*:*:x:*:*:*:3:*:*", NULL, "unsupported: n: position in container" },
    { clam_read_cdb, "n:*:*:x:5:*:*:*:*:*", NULL, "unsupported: n: compressed size" }, { clam_read_cdb, "n:*:*:x:*:*:2:*:*:*", NULL, "malformed: ENCRYPTED is" },
    { clam_read_cdb, "n:*:*:x:*:y:*:*:*:*", NULL, "malformed: a size is" }, { clam_read_cdb, "n:*:z:x:*:*:*:*:*:*", NULL, "malformed: a size or position" },
    { clam_read_cdb, "n:*:*:[ab]+:*:*:*:*:*:*", NULL, "unsupported: n: name regular expression" }, { clam_read_cdb, "n:*:*:a(b:*:*:*:*:*:*", NULL, "unsupported: n: name regular" },
    { clam_read_cdb, "n:*:*:ab?:*:*:*:*:*:*", NULL, "unsupported: n: name regular expression" }, { clam_read_cdb, "n:*:*:a\\*:*:*:*:*:*:*", NULL, "unsupported: n: name regular" },
    { clam_read_cdb, "n:*:*:x:*:*:*:*:*:*:x", NULL, "malformed: a functionality level" },
    { clam_read_cdb, "n:CL_TYPE_ZIP:*:x:*:*:1:*:*:*", NULL, "unsupported: n: encrypted member" },
};

START_TEST(line_makes_tree_or_is_named)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, lines[_i].read, slice_str(lines[_i].line));
    ck_assert_int_eq(clam_macros_finish(&c.r), CS_OK);
    fflush(c.r.complaints.out);
    if (lines[_i].tree) {
        ck_assert_msg(c.program.n_rules == 1, "%s: %s", lines[_i].line, c.text);
        ck_assert_str_eq(tree_text(c.program.rules[0].expr), lines[_i].tree);
    } else {
        ck_assert_msg(c.program.n_rules == 0, "%s", lines[_i].line);
        ck_assert_msg(strstr(c.text, lines[_i].says), "%s: %s", lines[_i].line, c.text);
    }
    compiling_end(&c);
}
END_TEST

START_TEST(ignored_names_are_left_out)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, clam_read_ign2, SLICE("gone\nchanged:d41d8cd98f00b204e9800998ecf8427e\n"));
    compiling_read(&c, clam_read_ndb, SLICE("gone:0:*:6162\ngone.{HEX}:0:*:6162\nchanged:0:*:6162\nkept:0:*:6162\n"));
    ck_assert_uint_eq(c.program.n_rules, 2);
    ck_assert(slice_eq(c.program.rules[0].name, SLICE("changed")));
    ck_assert_uint_eq(c.r.counts.ignored, 2);
    compiling_end(&c);
}
END_TEST

START_TEST(an_ignored_line_is_known_by_its_digest)
{
    struct compiling c;

    compiling_start(&c);        /* MD5 of "same:0:*:6162" */
    compiling_read(&c, clam_read_ign2, SLICE("same:" "e1c05e80b988a61e18afdeb7a531e86b" "\n"));
    compiling_read(&c, clam_read_ndb, SLICE("same:0:*:6162\nsame:0:*:6163\n"));
    ck_assert_uint_eq(c.program.n_rules, 1);
    compiling_end(&c);
}
END_TEST

START_TEST(levels_decide_what_is_skipped)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, clam_read_ndb, SLICE("a:0:*:6162:231\nb:0:*:6162:1:229\nc:0:*:6162:230:230\nd:0:*:6162:x\n"));
    ck_assert_uint_eq(c.program.n_rules, 1);
    ck_assert_uint_eq(c.r.counts.skipped_level, 2);
    ck_assert_uint_eq(c.r.complaints.n[COMPLAIN_MALFORMED], 1);
    compiling_end(&c);
}
END_TEST

/* What ClamAV says of each malformed line, and what we say. */
static const struct { const char *kind; reader *read; } kinds[] = {
    { "ndb", clam_read_ndb }, { "ldb", clam_read_ldb }, { "hdb", clam_read_hash }, { "hsb", clam_read_hash },
};

static struct slice line_number(struct slice text, uint64_t n)
{
    while (--n)
        text = slice_drop(text, slice_chr(text, '\n') + 1);
    return slice_take(text, slice_chr(text, '\n') + 1);
}

static void judge_line(reader *read, struct slice line, struct slice what, struct slice verdict)
{
    struct compiling c;
    bool loads = slice_eq(verdict, SLICE("loads")), is_refused = slice_eq(verdict, SLICE("load error"));

    if (slice_eq(what, SLICE("fuzzy-img")))     /* loads there; here it is refused by name */
        loads = false;
    compiling_start(&c);
    compiling_read(&c, read, line);
    ck_assert_msg(c.program.n_rules == loads, "%.*s: %s", (int)what.n, (const char *)what.p, c.text);
    ck_assert_msg((c.r.complaints.n[COMPLAIN_MALFORMED] == 1) == is_refused, "%.*s: %s", (int)what.n, (const char *)what.p, c.text);
    compiling_end(&c);
}

/* The whole file: each line that the peer refuses is named, all others stay. */
static void judge_file(size_t kind, struct slice set, struct slice verdicts)
{
    struct compiling c;
    struct slice f[4];
    size_t loads = 0, refused = 0;
    uint64_t number;
    char said[32];

    compiling_start(&c);
    compiling_read(&c, kinds[kind].read, set);
    for (struct slice rest = verdicts; rest.n; rest = slice_drop(rest, slice_chr(rest, '\n') + 1)) {
        if (clam_split(slice_take(rest, slice_chr(rest, '\n')), '\t', f, 4) != 4 || !slice_eq(f[0], slice_str(kinds[kind].kind)) || !number_of(f[3], &number))
            continue;
        loads += slice_eq(f[2], SLICE("loads")) && !slice_eq(f[1], SLICE("fuzzy-img"));
        if (slice_eq(f[2], SLICE("load error"))) {
            snprintf(said, sizeof said, "t:%u:", (unsigned)number);
            ck_assert_msg(strstr(c.text, said), "%s line %u is not named: %s", kinds[kind].kind, (unsigned)number, c.text);
            refused++;
        }
    }
    ck_assert_uint_eq(c.program.n_rules, loads);
    ck_assert_uint_eq(c.r.complaints.n[COMPLAIN_MALFORMED], refused);
    compiling_end(&c);
}

START_TEST(malformed_lines_are_refused_as_the_peer_does)
{
    struct mapfile verdicts, sets[4];
    struct slice rest, f[4];
    size_t judged = 0;

    if (!corpus_open(&verdicts, "sigs/malformed/verdicts.tsv"))
        return;
    for (size_t k = 0; k < 4; k++) {
        char name[64];
        snprintf(name, sizeof name, "sigs/malformed/malformed.%s", kinds[k].kind);
        ck_assert(corpus_open(&sets[k], name));
    }
    for (rest = slice_drop(verdicts.data, slice_chr(verdicts.data, '\n') + 1); rest.n; rest = slice_drop(rest, slice_chr(rest, '\n') + 1)) {
        uint64_t number;
        ck_assert(clam_split(slice_take(rest, slice_chr(rest, '\n')), '\t', f, 4) == 4 && number_of(f[3], &number));
        for (size_t k = 0; k < 4; k++)
            if (slice_eq(f[0], slice_str(kinds[k].kind))) {
                judge_line(kinds[k].read, line_number(sets[k].data, number), f[1], f[2]);
                judged++;
            }
    }
    ck_assert_uint_gt(judged, 20);
    for (size_t k = 0; k < 4; k++) {
        judge_file(k, sets[k].data, verdicts.data);
        mapfile_close(&sets[k]);
    }
    mapfile_close(&verdicts);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("clam");
    TCase *t = tcase_create("lines");
    SRunner *r;
    int failed;

    tcase_add_loop_test(t, line_makes_tree_or_is_named, 0, N(lines));
    tcase_add_test(t, ignored_names_are_left_out);
    tcase_add_test(t, an_ignored_line_is_known_by_its_digest);
    tcase_add_test(t, levels_decide_what_is_skipped);
    tcase_add_test(t, malformed_lines_are_refused_as_the_peer_does);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    corpus_report();
    srunner_free(r);
    return failed ? 1 : 0;
}
