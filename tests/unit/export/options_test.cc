#include "export/options.h"

#include <gtest/gtest.h>

#include <limits>

namespace sheaf::exporting {
namespace {

std::string ErrorOf(const Result<ExportOptions>& options) {
  if (options) return "none";
  return std::string(Describe(options.error().code).slug) + " at " + options.error().place;
}
std::string QueryError(const Parameters& parameters) { return ErrorOf(OptionsFromQuery(parameters)); }
std::string JsonError(std::string_view json) { return ErrorOf(OptionsFromJson(json)); }

TEST(OptionsFromQuery, ReadsEveryParameter) {
  const auto options = OptionsFromQuery({{"format", "zip"},
                                         {"columns", "time,mood"},
                                         {"filter", "{\"field\":\"mood\",\"op\":\"=\",\"value\":3}"},
                                         {"sort", "-time"},
                                         {"participant", "P1"},
                                         {"session", "S1"},
                                         {"participant", "P 2"},
                                         {"since", CursorText(17)},
                                         {"until", "2026-01-31T08:15:00+02:00"},
                                         {"tombstones", "true"},
                                         {"profile", "excel-eu"},
                                         {"timezone", "Europe/Berlin"},
                                         {"header", "labels"},
                                         {"values", "labels"},
                                         {"sets", "both"},
                                         {"missing", "skipped=-99,absent=NA"},
                                         {"files", "ndjson"},
                                         {"layout", "participant"},
                                         {"limit", "7"}},
                                        {"limit"});
  ASSERT_TRUE(options) << ErrorOf(options);
  EXPECT_EQ(options->format, Format::kZip);
  EXPECT_EQ(options->columns, "time,mood");
  EXPECT_EQ(options->sort, "-time");
  EXPECT_EQ(options->participants, (std::vector<std::string>{"P1", "P 2"}));
  EXPECT_EQ(options->sessions, std::vector<std::string>{"S1"});
  EXPECT_EQ(ParseCursor(options->since), 17);
  EXPECT_TRUE(options->tombstones);
  EXPECT_EQ(options->profile, CsvProfile::kExcelEu);
  EXPECT_EQ(options->header, HeaderStyle::kLabels);
  EXPECT_EQ(options->values, ValueStyle::kLabels);
  EXPECT_EQ(options->sets, SetStyle::kBoth);
  EXPECT_EQ(options->missing.skipped, "-99");
  EXPECT_EQ(options->missing.absent, "NA");
  EXPECT_EQ(options->inner, Format::kNdjson);
  EXPECT_EQ(options->layout, ZipLayout::kParticipant);
}

TEST(OptionsFromQuery, NothingGivesTheDefaults) {
  const auto options = OptionsFromQuery({});
  ASSERT_TRUE(options);
  EXPECT_EQ(OptionsJson(*options), "{\"format\":\"csv\"}");
}

TEST(OptionsFromQuery, RefusesWithThePlace) {
  EXPECT_EQ(QueryError({{"format", "xml"}}), "unknown-format at format");
  EXPECT_EQ(QueryError({{"format", ""}}), "unknown-format at format");
  EXPECT_EQ(QueryError({{"format", "CSV"}}), "unknown-format at format");
  EXPECT_EQ(QueryError({{"files", "zip"}}), "unknown-format at files");
  EXPECT_EQ(QueryError({{"colums", "a"}}), "unknown-parameter at colums");
  EXPECT_EQ(QueryError({{"", ""}}), "unknown-parameter at ");
  EXPECT_EQ(QueryError({{"datasets", "a"}}), "unknown-parameter at datasets");
  EXPECT_EQ(QueryError({{"sort", "a"}, {"sort", "a"}}), "bad-parameter at sort");
  EXPECT_EQ(QueryError({{"participant", ""}}), "bad-parameter at participant");
  EXPECT_EQ(QueryError({{"participant", "a\nb"}}), "bad-parameter at participant");
  EXPECT_EQ(QueryError({{"session", std::string(256, 's')}}), "bad-parameter at session");
  EXPECT_EQ(QueryError({{"participant", "\xFF"}}), "bad-parameter at participant");
  EXPECT_EQ(QueryError({{"columns", "\xFF"}}), "bad-parameter at columns");
  EXPECT_EQ(QueryError({{"tombstones", "yes"}}), "bad-parameter at tombstones");
  EXPECT_EQ(QueryError({{"profile", "Excel"}}), "bad-parameter at profile");
  EXPECT_EQ(QueryError({{"header", ""}}), "bad-parameter at header");
  EXPECT_EQ(QueryError({{"values", "both"}}), "bad-parameter at values");
  EXPECT_EQ(QueryError({{"sets", "1"}}), "bad-parameter at sets");
  EXPECT_EQ(QueryError({{"layout", "flat"}}), "bad-parameter at layout");
  EXPECT_EQ(QueryError({{"timezone", "Mars/Olympus"}}), "bad-parameter at timezone");
  EXPECT_EQ(QueryError({{"timezone", "../../../etc/passwd"}}), "bad-parameter at timezone");
  EXPECT_EQ(QueryError({{"since", "yesterday"}}), "bad-parameter at since");
  EXPECT_EQ(QueryError({{"until", "2026-02-30"}}), "bad-parameter at until");
  EXPECT_EQ(QueryError({{"since", "c1234"}}), "bad-cursor at since");
}

TEST(OptionsFromQuery, MissingTexts) {
  EXPECT_EQ(QueryError({{"missing", "skipped=,absent="}}), "none");
  EXPECT_EQ(QueryError({{"missing", "absent=a=b"}}), "none");
  for (const char* text :
       {"", "NA", "skipped", "other=1", "skipped=1,skipped=2", "skipped=1,", "skipped=\"", "absent=a;b", "absent=a\nb", "absent=\xFF"}) {
    EXPECT_EQ(QueryError({{"missing", text}}), "bad-parameter at missing") << text;
  }
  EXPECT_EQ(QueryError({{"missing", "absent=" + std::string(65, 'x')}}), "bad-parameter at missing");
}

TEST(OptionsFromJson, ReadsEveryMember) {
  const auto options = OptionsFromJson(R"({"datasets":["mood","steps"],"format":"zip","columns":["time","mood"],
    "filter":{"all":[{"field":"mood","op":"=","value":0.1}]},"sort":"-time,+seq","participants":["P1"],"sessions":[],
    "since":"2026-01-31","tombstones":false,"profile":"rfc4180","timezone":"","header":"names","values":"ids","sets":"split",
    "missing":{"skipped":"<skipped>"},"files":"csv","layout":"dataset"})");
  ASSERT_TRUE(options) << ErrorOf(options);
  EXPECT_EQ(options->datasets, (std::vector<std::string>{"mood", "steps"}));
  EXPECT_EQ(options->columns, "time,mood");
  EXPECT_EQ(options->filter, R"({"all":[{"field":"mood","op":"=","value":1E-1}]})");
  EXPECT_EQ(options->sort, "-time,+seq");
  EXPECT_EQ(options->missing.skipped, "<skipped>");
  EXPECT_EQ(options->values, ValueStyle::kIds);
}

TEST(OptionsFromJson, RefusesWithThePlace) {
  EXPECT_EQ(JsonError("[]"), "bad-member at /");
  EXPECT_EQ(JsonError("").substr(0, 8), "bad-json");
  EXPECT_NE(JsonError("{\"format\":\"csv\",\"format\":\"csv\"}"), "none");
  EXPECT_EQ(JsonError("{\"format\":\"xml\"}"), "unknown-format at /format");
  EXPECT_EQ(JsonError("{\"format\":1}"), "bad-member at /format");
  EXPECT_EQ(JsonError("{\"dataset\":\"a\"}"), "unknown-member at /dataset");
  EXPECT_EQ(JsonError("{\"participant\":\"a\"}"), "unknown-member at /participant");
  EXPECT_EQ(JsonError("{\"a/b\":1}"), "unknown-member at /a~1b");
  EXPECT_EQ(JsonError("{\"datasets\":[\"ok\",\"../x\"]}"), "bad-member at /datasets/1");
  EXPECT_EQ(JsonError("{\"datasets\":\"ok\"}"), "bad-member at /datasets");
  EXPECT_EQ(JsonError("{\"columns\":[\"a,b\"]}"), "bad-member at /columns/0");
  EXPECT_EQ(JsonError("{\"columns\":[\"\"]}"), "bad-member at /columns/0");
  EXPECT_EQ(JsonError("{\"columns\":{}}"), "bad-member at /columns");
  EXPECT_EQ(JsonError("{\"filter\":\"{}\"}"), "bad-member at /filter");
  EXPECT_EQ(JsonError("{\"participants\":[\"a\",5]}"), "bad-member at /participants/1");
  EXPECT_EQ(JsonError("{\"tombstones\":\"true\"}"), "bad-member at /tombstones");
  EXPECT_EQ(JsonError("{\"missing\":\"NA\"}"), "bad-member at /missing");
  EXPECT_EQ(JsonError("{\"missing\":{\"gone\":\"\"}}"), "unknown-member at /missing/gone");
  EXPECT_EQ(JsonError("{\"missing\":{\"skipped\":\"a,b\"}}"), "bad-member at /missing");
  EXPECT_EQ(JsonError("{\"timezone\":\"Mars\"}"), "bad-member at /timezone");
  EXPECT_EQ(JsonError("{\"until\":\"soon\"}"), "bad-member at /until");
  EXPECT_EQ(JsonError("{\"until\":null}"), "bad-member at /until");
}

TEST(OptionsJson, EqualRequestsGiveEqualText) {
  const auto one =
      OptionsFromJson(R"({"values":"codes","participants":["b","a","b"],"format":"csv","filter":{"field":"x","op":"=","value":1}})");
  const auto two =
      OptionsFromQuery({{"filter", "{ \"op\":\"=\", \"value\":1, \"field\":\"x\" }"}, {"participant", "a"}, {"participant", "b"}});
  ASSERT_TRUE(one && two);
  EXPECT_EQ(OptionsJson(*one), OptionsJson(*two));
}

TEST(OptionsJson, IsReadBack) {
  const std::vector<Parameters> requests = {
      {},
      {{"format", "ndjson"}, {"tombstones", "true"}, {"values", "labels"}, {"since", CursorText(0)}},
      {{"format", "zip"}, {"files", "parquet"}, {"layout", "participant"}},
      {{"profile", "excel"}, {"header", "labels"}, {"sets", "split"}, {"missing", "skipped=é,absent= "}, {"timezone", "Asia/Kolkata"}},
      {{"columns", "a,b"},
       {"sort", "-a"},
       {"session", "S,\"1\""},
       {"until", "2026-01-01"},
       {"filter", "{\"field\":\"x\",\"op\":\"is_null\"}"}},
      {{"values", "ids"}},
  };
  for (const Parameters& parameters : requests) {
    const auto options = OptionsFromQuery(parameters);
    ASSERT_TRUE(options) << ErrorOf(options);
    const auto again = OptionsFromJson(OptionsJson(*options));
    ASSERT_TRUE(again) << ErrorOf(again) << OptionsJson(*options);
    EXPECT_EQ(OptionsJson(*again), OptionsJson(*options));
  }
}

TEST(CheckOptions, WhatOnlySomeFormatsHave) {
  const auto error = [](const Parameters& parameters) {
    const auto options = OptionsFromQuery(parameters);
    if (!options) return ErrorOf(options);
    const Status status = CheckOptions(*options);
    return status ? std::string("none") : std::string(Describe(status.error().code).slug) + " at " + status.error().place;
  };
  EXPECT_EQ(error({{"profile", "excel"}}), "none");
  EXPECT_EQ(error({{"format", "json"}, {"profile", "excel"}}), "bad-parameter at profile");
  EXPECT_EQ(error({{"format", "json"}, {"profile", "rfc4180"}, {"sets", "joined"}}), "none");
  EXPECT_EQ(error({{"format", "ndjson"}, {"sets", "split"}}), "bad-parameter at sets");
  EXPECT_EQ(error({{"format", "ndjson"}, {"header", "labels"}}), "bad-parameter at header");
  EXPECT_EQ(error({{"format", "json"}, {"missing", "absent=NA"}}), "bad-parameter at missing");
  EXPECT_EQ(error({{"format", "parquet"}, {"timezone", "UTC"}}), "bad-parameter at timezone");
  EXPECT_EQ(error({{"format", "parquet"}, {"values", "labels"}}), "bad-parameter at values");
  EXPECT_EQ(error({{"format", "csv"}, {"tombstones", "true"}}), "bad-parameter at tombstones");
  EXPECT_EQ(error({{"format", "zip"}, {"files", "json"}, {"profile", "excel"}}), "bad-parameter at profile");
  EXPECT_EQ(error({{"format", "zip"}, {"profile", "excel"}}), "none");
}

TEST(CursorText, ReadsBackAndNothingElse) {
  for (const std::int64_t seq :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, std::int64_t{1'000'000'007}, std::numeric_limits<std::int64_t>::max()}) {
    const std::string text = CursorText(seq);
    EXPECT_EQ(ParseCursor(text), seq);
    EXPECT_LE(text.size(), 19u);
    // One changed character is noticed most of the time, one lost or added too; never is it a wrong length or sign.
    EXPECT_FALSE(ParseCursor(text + "0"));
    EXPECT_FALSE(ParseCursor("c0" + text.substr(1)));
    EXPECT_FALSE(ParseCursor(text.substr(1)));
    EXPECT_FALSE(ParseCursor(" " + text));
  }
  for (const char* text : {"", "c", "c1", "c12", "C012f", "c-1ff", "cg00", "cffffffffffffffff00", "c00000000000000000000000"})
    EXPECT_FALSE(ParseCursor(text)) << text;
  int accepted = 0;
  for (int seq = 0; seq < 65536; ++seq) {
    std::string text = CursorText(seq);
    text[text.size() - 3] = text[text.size() - 3] == '7' ? '8' : '7';
    accepted += ParseCursor(text) ? 1 : 0;
  }
  EXPECT_LT(accepted, 65536 / 50);
}

}  // namespace
}  // namespace sheaf::exporting
