#include "export/page.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>
#include <set>

#include "encode_all.h"
#include "export/page_cursor.h"
#include "fake_vault.h"

namespace sheaf::exporting {
namespace {

namespace json = boost::json;

class PageTest : public testing::Test {
 protected:
  PageTest() {
    model::Dataset dataset;
    dataset.id = "log";
    for (const auto& [id, type] : std::vector<std::pair<std::string, model::FieldType>>{{"text", model::FieldType::kString},
                                                                                        {"number", model::FieldType::kDouble},
                                                                                        {"count", model::FieldType::kInteger},
                                                                                        {"yes", model::FieldType::kBoolean}}) {
      model::Field field;
      field.id = field.name = field.label = id;
      field.type = type;
      dataset.fields.push_back(field);
    }
    study_.Add(dataset);
    dataset.id = "other";
    study_.Add(dataset);
    study_.batch_rows = 5;
  }

  void AddRows(int rows) {
    for (int i = 0; i < rows; ++i) {
      FakeRow row{.participant = "P" + std::to_string(random_() % 7)};
      if (random_() % 3 != 0) row.session = "S" + std::to_string(random_() % 3);
      if (random_() % 4 != 0) row.time = static_cast<Micros>(random_() % 6) * 1'000'000;
      if (random_() % 4 != 0) row.values.emplace(0, std::string(random_() % 3, 'x'));
      if (random_() % 4 != 0) row.values.emplace(1, static_cast<double>(random_() % 5) / 3);
      if (random_() % 4 != 0) row.values.emplace(2, static_cast<std::int64_t>(random_() % 4));
      if (random_() % 4 != 0) row.values.emplace(3, random_() % 2 == 0);
      study_.Add("log", row);
    }
  }

  json::value Page(const PageOptions& options, std::string_view dataset = "log") {
    const auto page = RenderPage(study_, dataset, options);
    if (!page) {
      ADD_FAILURE() << Describe(page.error().code).slug << " " << page.error().place << ": " << page.error().detail;
      return json::parse("{\"records\":[],\"has_more\":false,\"cursor\":\"\",\"total\":0}");
    }
    return json::parse(*page);
  }
  std::string ErrorOf(const PageOptions& options, std::string_view dataset = "log") {
    const auto page = RenderPage(study_, dataset, options);
    return page ? "none" : std::string(Describe(page.error().code).slug) + " at " + page.error().place;
  }
  // The seqs of all pages, and that every page but the last is full.
  std::vector<std::int64_t> ReadAll(PageOptions options, const std::function<void()>& between = {}) {
    std::vector<std::int64_t> seqs;
    std::int64_t total = -1;
    while (true) {
      const json::value page = Page(options);
      const auto& records = page.at("records").as_array();
      for (const auto& record : records) seqs.push_back(record.at("seq").as_int64());
      if (total < 0) total = page.at("total").as_int64();
      EXPECT_EQ(page.at("total").as_int64(), total);
      last_cursor_ = page.at("cursor").as_string();
      if (!page.at("has_more").as_bool() || HasFailure()) break;
      EXPECT_EQ(records.size(), options.limit);
      options.cursor = last_cursor_;
      if (between) between();
    }
    EXPECT_EQ(static_cast<std::int64_t>(seqs.size()), total);
    return seqs;
  }
  std::vector<std::int64_t> ReadExport(const ExportOptions& options) {
    std::vector<std::int64_t> seqs;
    ExportOptions whole = options;
    whole.format = Format::kJson;
    const json::value document = json::parse(EncodeAll(study_, whole, "log"));
    for (const auto& record : document.at("records").as_array()) seqs.push_back(record.at("seq").as_int64());
    return seqs;
  }

  FakeStudy study_;
  std::mt19937 random_{5};
  std::string last_cursor_;
};

TEST_F(PageTest, PagesTogetherAreTheExportInAnyOrderAndSize) {
  AddRows(83);
  for (const char* sort : {"", "seq", "-seq", "time", "-time", "text,-number", "-text", "number", "-count,yes", "participant,-time",
                           "-session", "participant.id,-session.id,received_at", "yes,text,-count,number,time"}) {
    for (const std::uint64_t limit : {1, 5, 7, 82, 83, 84, 10000}) {
      PageOptions options;
      options.limit = limit;
      options.options.sort = sort;
      EXPECT_EQ(ReadAll(options), ReadExport(options.options)) << sort << " by " << limit;
    }
  }
}

TEST_F(PageTest, FiltersAndWindowsApply) {
  AddRows(60);
  PageOptions options;
  options.limit = 4;
  options.options = OptionsOf("filter={\"field\":\"count\",\"op\":\">=\",\"value\":2}&participant=P1&participant=P2&participant=P3");
  EXPECT_EQ(ReadAll(options), ReadExport(options.options));
  options.options.since = CursorText(20);
  options.options.until = CursorText(50);
  EXPECT_EQ(ReadAll(options), ReadExport(options.options));
}

TEST_F(PageTest, NeitherRepeatsNorMissesWhileOthersWrite) {
  AddRows(40);
  for (const char* sort : {"", "-text"}) {
    PageOptions options;
    options.limit = 6;
    options.options.sort = sort;
    const std::vector<std::int64_t> before = ReadExport(options.options);
    vault::Seq deleted = before[before.size() / 2];
    EXPECT_EQ(ReadAll(options,
                      [&] {
                        AddRows(5);
                        if (deleted > 0) study_.Delete("log", std::exchange(deleted, 0));
                      }),
              before);
    // And the last cursor brings exactly what came since.
    PageOptions later;
    later.limit = 1000;
    later.options.since = last_cursor_;
    later.options.tombstones = true;
    const json::value page = Page(later);
    EXPECT_EQ(page.at("records").as_array().size() + before.size() - 1, ReadExport({}).size());
    EXPECT_EQ(page.at("deleted").as_array().size(), 1u);
  }
}

TEST_F(PageTest, AnEmptyListHasACursorForSince) {
  const json::value page = Page({});
  EXPECT_TRUE(page.at("records").as_array().empty());
  EXPECT_FALSE(page.at("has_more").as_bool());
  EXPECT_EQ(page.at("total").as_int64(), 0);
  EXPECT_EQ(ParseCursor(page.at("cursor").as_string()), 0);
  AddRows(3);
  PageOptions later;
  later.options.since = page.at("cursor").as_string();
  EXPECT_EQ(Page(later).at("records").as_array().size(), 3u);
}

TEST_F(PageTest, ColumnsMayChangeAndShapeTheRecords) {
  AddRows(10);
  PageOptions options;
  options.limit = 3;
  options.options.columns = "participant";
  options.options.sort = "number";
  const json::value page = Page(options);
  for (const auto& record : page.at("records").as_array()) EXPECT_EQ(record.as_object().size(), 1u);
  options.cursor = page.at("cursor").as_string();
  options.options.columns = "participant,seq";
  EXPECT_EQ(Page(options).at("records").as_array()[0].as_object().size(), 2u);
}

TEST_F(PageTest, TombstonesOnTheFirstPageOnly) {
  AddRows(10);
  study_.Delete("log", 4);
  PageOptions options;
  options.limit = 3;
  options.options.tombstones = true;
  const json::value first = Page(options);
  EXPECT_EQ(first.at("deleted").as_array().size(), 1u);
  options.cursor = first.at("cursor").as_string();
  EXPECT_FALSE(Page(options).as_object().contains("deleted"));
}

TEST_F(PageTest, ALongSortValueIsFoundAgain) {
  for (int i = 0; i < 9; ++i) study_.Add("log", FakeRow{.values = {{0, std::string(5000, static_cast<char>('i' - i))}}});
  PageOptions options;
  options.limit = 2;
  options.options.sort = "text";
  EXPECT_EQ(ReadAll(options), ReadExport(options.options));
  EXPECT_LT(Page(options).at("cursor").as_string().size(), 200u);
}

TEST_F(PageTest, LargeRecordsEndAPageEarly) {
  for (int i = 0; i < 5; ++i) study_.Add("log", FakeRow{.values = {{0, std::string(7'000'000, 'x')}}});
  PageOptions options;
  options.options.columns = "seq,text";
  const json::value first = Page(options);
  EXPECT_EQ(first.at("records").as_array().size(), 3u);
  EXPECT_TRUE(first.at("has_more").as_bool());
  options.cursor = first.at("cursor").as_string();
  EXPECT_EQ(Page(options).at("records").as_array().at(0).at("seq").as_int64(), 4);
}

TEST_F(PageTest, RefusesLimits) {
  PageOptions options;
  options.limit = 0;
  EXPECT_EQ(ErrorOf(options), "bad-parameter at limit");
  options.limit = kMaxPage + 1;
  EXPECT_EQ(ErrorOf(options), "bad-parameter at limit");
  options.limit = kMaxPage;
  EXPECT_EQ(ErrorOf(options), "none");
}

TEST_F(PageTest, RefusesCursorsOfOtherLists) {
  AddRows(10);
  PageOptions options;
  options.limit = 3;
  options.options.sort = "number";
  const std::string cursor(Page(options).at("cursor").as_string());
  options.cursor = cursor;
  EXPECT_EQ(ErrorOf(options), "none");
  EXPECT_EQ(ErrorOf(options, "other"), "bad-cursor at cursor");
  PageOptions changed = options;
  changed.options.sort = "-number";
  EXPECT_EQ(ErrorOf(changed), "bad-cursor at cursor");
  changed = options;
  changed.options.participants = {"P1"};
  EXPECT_EQ(ErrorOf(changed), "bad-cursor at cursor");
  changed = options;
  changed.options.since = CursorText(1);
  EXPECT_EQ(ErrorOf(changed), "bad-cursor at cursor");
  changed = options;
  changed.options.filter = "{\"field\":\"count\",\"op\":\"is_null\"}";
  EXPECT_EQ(ErrorOf(changed), "bad-cursor at cursor");
  changed = options;
  changed.cursor = CursorText(3);
  EXPECT_EQ(ErrorOf(changed), "bad-cursor at cursor");
  FakeStudy empty;  // the same study, restored to an earlier day
  for (const auto& dataset : study_.Datasets()) empty.Add(*dataset);
  const auto page = RenderPage(empty, "log", options);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kBadCursor);
}

TEST_F(PageTest, RefusesAnyOtherText) {
  AddRows(10);
  PageOptions options;
  options.limit = 3;
  options.options.sort = "text,number,yes";
  const std::string cursor(Page(options).at("cursor").as_string());
  for (std::size_t place = 0; place < cursor.size(); ++place) {
    options.cursor = cursor;
    options.cursor[place] = cursor[place] == 'A' ? 'B' : 'A';
    EXPECT_EQ(ErrorOf(options), "bad-cursor at cursor") << place;
    options.cursor = cursor.substr(0, std::max<std::size_t>(place, 1));
    EXPECT_EQ(ErrorOf(options), "bad-cursor at cursor") << place;
  }
  for (std::string text :
       {cursor + "A", cursor + "=", "!" + cursor, std::string(100000, 'A'), std::string("\0", 1), std::string("%20"), std::string("é")}) {
    options.cursor = text;
    EXPECT_EQ(ErrorOf(options), "bad-cursor at cursor");
  }
}

TEST_F(PageTest, RefusesWellFormedCursorsWithValuesOfOtherTypes) {
  AddRows(10);
  // Made with the right digest, as someone with the source could.
  const std::string list = "\"fake\"/\"log\"{\"format\":\"json\",\"sort\":\"number\"}";
  const auto error = [&](const PageCursor& cursor) {
    PageOptions options;
    options.options.sort = "number";
    options.cursor = PageCursorText(cursor, list);
    return ErrorOf(options);
  };
  EXPECT_EQ(error({10, 3, 10, {0.5}}), "none");
  EXPECT_EQ(error({10, 3, 10, {std::nullopt}}), "none");
  EXPECT_EQ(error({10, 3, 10, {}}), "none");
  EXPECT_EQ(error({10, 3, 10, {std::int64_t{1}}}), "bad-cursor at cursor");
  EXPECT_EQ(error({10, 3, 10, {std::string("x")}}), "bad-cursor at cursor");
  EXPECT_EQ(error({10, 3, 10, {true}}), "bad-cursor at cursor");
  EXPECT_EQ(error({10, 3, 10, {std::numeric_limits<double>::quiet_NaN()}}), "bad-cursor at cursor");
  EXPECT_EQ(error({10, 3, 10, {0.5, 0.5}}), "bad-cursor at cursor");
  EXPECT_EQ(error({11, 3, 10, {0.5}}), "bad-cursor at cursor");
  EXPECT_EQ(error({3, 4, 10, {0.5}}), "bad-cursor at cursor");
  EXPECT_EQ(error({10, 0, 10, {0.5}}), "bad-cursor at cursor");
  EXPECT_EQ(error({-1, -1, 10, {0.5}}), "bad-cursor at cursor");
}

TEST_F(PageTest, CursorsOfRandomBytesNeverPass) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int i = 0; i < 20000; ++i) {
    std::string text(random_() % 120, '\0');
    for (char& c : text) c = kAlphabet[random_() % kAlphabet.size()];
    EXPECT_FALSE(ParsePageCursor(text, "list"));
  }
}

TEST_F(PageTest, PassesOnErrors) {
  EXPECT_EQ(ErrorOf({}, "nothing"), "not-found at ");
  PageOptions options;
  for (const char* sort : {"sort=participant.age", "sort=time,-session.start", "sort=participant.code"}) {
    options.options = OptionsOf(sort);
    EXPECT_EQ(ErrorOf(options), "bad-parameter at sort");
  }
  options.options = OptionsOf("sets=split");
  EXPECT_EQ(ErrorOf(options), "bad-parameter at sets");
  AddRows(10);
  study_.fail_after_rows = 5;
  EXPECT_EQ(ErrorOf({}), "io at ");
}

}  // namespace
}  // namespace sheaf::exporting
