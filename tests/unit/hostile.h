/* hostile.h - rules that use every part of an image, and data that makes them work; for tests of damaged images. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

static const char hostile_rules[] =
    ":plain, \"a plain literal of some length\" #\n"
    ":short, \"xyz\" #\n"
    ":fold, ~\"Letters In Either Case\" #\n"
    ":gap, \"begin here\", @0-100, \"end there\" #\n"
    ":open, \"first part\", .*, \"second part\", .*, \"third part\" #\n"
    ":tail, \"number\", \\s*, \\d+, \\s+, \"end\" #\n"
    ":seeded, @=0, \\s*, \"a\" #\n"
    ":alt, (\"one way\" | \"other way\", @1-3, \"x\") #\n"
    ":cond, \"begin\" AND NOT \"nowhere\" OR COUNT(\"xyz\") > 1 #\n"
    ":of, 2 OF (\"first\", \"second\", \"nowhere\") #\n"
    ":types, <\"text\"> \"third\" #\n"
    ":not, NOT \"nowhere\" #\n"
    ":name, NAME ~\"*.TXT\" AND SIZE 1-100000 #\n"
    ":md5, MD5(\"900150983cd24fb0d6963f7d28e17f72\") SIZE 3 #\n"
    ":md5any, MD5(\"900150983cd24fb0d6963f7d28e17f73\") #\n"
    ":regex, /begin h[a-z]+e/ #\n"
    ":int, INT16(0) = 0x2061 #\n"
    ":rel, LET n = \"number\" IN DEC(n+7, 3) > 1 #\n"
    ":end, @=-3, \"fin\" #\n"
    ":word, \\b, \"plain\", \\b #\n"
    ":loose, ~~\"x-y-z\" #\n";

static const char hostile_data[] =
    "a plain literal of some length, LETTERS in either CASE; begin here 12345 end there, first part ... second part\r\n"
    "third part number  123  end one way other wayab x xyz xyz X Y z 000000000000000000 fin";

#endif
