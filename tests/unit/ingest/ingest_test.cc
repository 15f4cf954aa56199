#include "ingest/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <future>

#include "fake_vault.h"
#include "ingest/response.h"

namespace sheaf::ingest::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Record(const std::string& participant, const std::string& values) {
  return "{\"participant\":\"" + participant + "\",\"values\":{" + values + "}}\n";
}

std::shared_ptr<FakeVault> MakeVault() { return std::make_shared<FakeVault>(AllTypes()); }

IngestOptions Options(OnError on_error = OnError::kReject) {
  IngestOptions options;
  options.dataset = "all";
  options.on_error = on_error;
  options.spool_directory = std::filesystem::temp_directory_path().string();
  return options;
}

struct Answer {
  Status status;
  IngestResult result;
};

Answer Send(const std::shared_ptr<FakeVault>& vault, const IngestOptions& options, std::string_view body, std::size_t piece = 1u << 30) {
  Answer answer;
  IngestRequest request(vault, options);
  answer.status = request.Begin();
  for (std::size_t at = 0; at < body.size() && answer.status; at += piece) {
    const auto part = body.substr(at, piece);
    answer.status = request.Feed({part.data(), part.size()});
  }
  if (!answer.status) return answer;
  int calls = 0;
  std::promise<void> done;
  auto finished = done.get_future();
  request.Commit([&](Status status, IngestResult result) {
    answer = {std::move(status), std::move(result)};
    if (++calls == 1) done.set_value();
  });
  finished.get();
  EXPECT_EQ(calls, 1);
  return answer;
}

TEST(Ingest, GoodRecordsAreKept) {
  const auto vault = MakeVault();
  const Answer answer = Send(vault, Options(), Record("p1", "\"count\":1") + Record("p2", "\"count\":2"));
  ASSERT_TRUE(answer.status);
  EXPECT_EQ(answer.result.accepted, 2u);
  EXPECT_EQ(answer.result.seq, 102);
  EXPECT_FALSE(answer.result.repeated);
  EXPECT_THAT(vault->rows, ElementsAre("participant=p1 : count=1", "participant=p2 : count=2"));
}

TEST(Ingest, RejectKeepsNothingOfABadRequest) {
  const auto vault = MakeVault();
  const Answer answer =
      Send(vault, Options(), Record("p1", "\"count\":1") + Record("p2", "\"count\":\"x\"") + "{\n" + Record("p3", "\"count\":3"));
  ASSERT_FALSE(answer.status);
  EXPECT_EQ(answer.status.error().code, ErrorCode::kRecordsRejected);
  EXPECT_EQ(vault->appends, 0u);
  ASSERT_EQ(answer.result.rejected.size(), 2u);
  EXPECT_EQ(answer.result.rejected_total, 2u);
  EXPECT_EQ(answer.result.accepted, 0u);
  EXPECT_EQ(answer.result.rejected[0].line, 2u);
  EXPECT_EQ(answer.result.rejected[0].field, "count");
  EXPECT_EQ(answer.result.rejected[0].code, ErrorCode::kWrongType);
  EXPECT_FALSE(answer.result.rejected[0].error.empty());
}

TEST(Ingest, SkipKeepsTheGoodAndNamesTheBad) {
  const auto vault = MakeVault();
  const Answer answer = Send(vault, Options(OnError::kSkip), Record("p1", "\"count\":1") + "{\n" + Record("p3", "\"count\":3"));
  ASSERT_TRUE(answer.status);
  EXPECT_EQ(answer.result.accepted, 2u);
  EXPECT_EQ(answer.result.rejected_total, 1u);
  EXPECT_EQ(answer.result.rejected[0].line, 2u);
  EXPECT_EQ(vault->rows.size(), 2u);
}

TEST(Ingest, AFaultOfTheBodyKeepsNothingEvenWithSkip) {
  for (const OnError on_error : {OnError::kReject, OnError::kSkip}) {
    const auto vault = MakeVault();
    IngestOptions options = Options(on_error);
    options.format = BodyFormat::kJsonArray;
    const Answer cut = Send(vault, options, "[" + Record("p1", "\"count\":1"));
    EXPECT_EQ(cut.status.error().code, ErrorCode::kBadJson);
    options.format = BodyFormat::kCsv;
    EXPECT_EQ(Send(vault, options, "participant,count\np1,1\np2,\"2").status.error().code, ErrorCode::kBadCsv);
    EXPECT_EQ(Send(vault, options, "participant,nope\np1,1\n").status.error().code, ErrorCode::kUnknownField);
    EXPECT_EQ(vault->appends, 0u);
  }
}

TEST(Ingest, NothingIsKeptWithoutCommitOrAfterAFailedFeed) {
  const auto vault = MakeVault();
  {
    IngestRequest request(vault, Options());
    ASSERT_TRUE(request.Begin());
    ASSERT_TRUE(request.Feed(Record("p1", "\"count\":1")));
  }
  EXPECT_EQ(vault->appends, 0u);
  IngestOptions options = Options();
  options.format = BodyFormat::kJsonArray;
  IngestRequest request(vault, options);
  ASSERT_TRUE(request.Begin());
  EXPECT_FALSE(request.Feed(std::string_view("[]x")));
  EXPECT_EQ(request.Feed(std::string_view(" ")).error().code, ErrorCode::kBadJson);
  Status status;
  request.Commit([&](Status outcome, IngestResult) { status = std::move(outcome); });
  EXPECT_EQ(status.error().code, ErrorCode::kBadJson);
  EXPECT_EQ(vault->appends, 0u);
}

TEST(Ingest, BeginNamesWhatIsWrong) {
  IngestOptions options = Options();
  options.dataset = "other";
  EXPECT_EQ(Send(MakeVault(), options, "").status.error().code, ErrorCode::kNotFound);
  options = Options();
  options.content_encoding = "br";
  EXPECT_EQ(Send(MakeVault(), options, "").status.error().code, ErrorCode::kUnsupportedMediaType);
}

TEST(Ingest, AnEmptyBodyIsNoRecords) {
  const auto vault = MakeVault();
  const Answer answer = Send(vault, Options(), "\n \n");
  ASSERT_TRUE(answer.status);
  EXPECT_EQ(answer.result.accepted, 0u);
  EXPECT_EQ(answer.result.seq, 100);
  EXPECT_EQ(vault->appends, 0u);
}

TEST(Ingest, ARepetitionGetsTheSameAnswer) {
  const auto vault = MakeVault();
  IngestOptions options = Options(OnError::kSkip);
  options.idempotency_key = "account/all/key";
  const std::string body = Record("p1", "\"count\":1") + Record("p2", "\"kind\":\"\\\"odd\\\" ü\"") + Record("p3", "\"count\":3");
  const Answer first = Send(vault, options, body);
  const Answer again = Send(vault, options, body, 7);
  ASSERT_TRUE(first.status && again.status);
  EXPECT_FALSE(first.result.repeated);
  EXPECT_TRUE(again.result.repeated);
  EXPECT_EQ(again.result.accepted, 2u);
  EXPECT_EQ(again.result.rejected_total, 1u);
  ASSERT_EQ(again.result.rejected.size(), 1u);
  EXPECT_EQ(again.result.rejected[0].error, first.result.rejected[0].error);
  EXPECT_EQ(again.result.rejected[0].code, ErrorCode::kUnknownOption);
  EXPECT_EQ(again.result.rejected[0].field, "kind");
  EXPECT_EQ(again.result.rejected[0].line, 2u);
  EXPECT_EQ(vault->rows.size(), 2u);

  EXPECT_EQ(Send(vault, options, body + Record("p4", "")).status.error().code, ErrorCode::kIdempotencyMismatch);
  options.on_error = OnError::kReject;
  EXPECT_EQ(Send(vault, options, Record("p1", "\"count\":1")).status.error().code, ErrorCode::kIdempotencyMismatch);
}

TEST(Ingest, TheSameBodyPackedIsTheSameRequest) {
  const auto vault = MakeVault();
  IngestOptions options = Options();
  options.idempotency_key = "key";
  const std::string body = Record("p1", "\"count\":1");
  ASSERT_TRUE(Send(vault, options, body).status);
  std::string packed(1000, '\0');
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  options.content_encoding = "gzip";
  const Answer again = Send(vault, options, packed, 5);
  ASSERT_TRUE(again.status);
  EXPECT_TRUE(again.result.repeated);
  packed.pop_back();
  EXPECT_EQ(Send(vault, options, packed).status.error().code, ErrorCode::kBadCompression);
}

TEST(Ingest, AKeyWithoutRecordsIsKeptToo) {
  const auto vault = MakeVault();
  IngestOptions options = Options();
  options.idempotency_key = "key";
  ASSERT_TRUE(Send(vault, options, "").status);
  EXPECT_TRUE(Send(vault, options, "").result.repeated);
  EXPECT_EQ(Send(vault, options, Record("p", "")).status.error().code, ErrorCode::kIdempotencyMismatch);
}

TEST(Ingest, ADefinitionThatChangesMeanwhileIsFollowed) {
  for (const bool in_thread : {false, true}) {
    const auto vault = MakeVault();
    vault->in_thread = in_thread;
    IngestRequest request(vault, Options());
    ASSERT_TRUE(request.Begin());
    ASSERT_TRUE(request.Feed(Record("p1", "\"count\":1,\"tags\":[\"a\"]")));
    vault->AddField(MakeField("extra", model::FieldType::kString));
    vault->changes = 2;
    std::promise<Answer> done;
    request.Commit([&](Status status, IngestResult result) { done.set_value({std::move(status), std::move(result)}); });
    const Answer answer = done.get_future().get();
    ASSERT_TRUE(answer.status);
    EXPECT_EQ(answer.result.accepted, 1u);
    EXPECT_EQ(vault->appends, 3u);
    EXPECT_THAT(vault->rows, ElementsAre("participant=p1 : count=1 tags=[a]"));
  }
}

TEST(Ingest, ADefinitionThatNeverRestsIsAnError) {
  const auto vault = MakeVault();
  vault->changes = 1000;
  EXPECT_EQ(Send(vault, Options(), Record("p1", "\"count\":1")).status.error().code, ErrorCode::kDefinitionConflict);
  EXPECT_LE(vault->appends, 10u);
  EXPECT_THAT(vault->rows, IsEmpty());
}

TEST(Ingest, AnswersFromAnotherThread) {
  const auto vault = MakeVault();
  vault->in_thread = true;
  const auto result = IngestAll(vault, Options(), Record("p1", "\"count\":1"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->accepted, 1u);
}

TEST(Ingest, FailuresOfTheVaultAreAnswered) {
  for (const ErrorCode code : {ErrorCode::kStorageFull, ErrorCode::kUnavailable, ErrorCode::kNotFound}) {
    const auto vault = MakeVault();
    vault->failure = Error{code, "so it is", {}, 3};
    const Answer answer = Send(vault, Options(), Record("p1", "\"count\":1"));
    EXPECT_EQ(answer.status.error().code, code);
    EXPECT_EQ(answer.status.error().retry_after_s, 3);
    EXPECT_EQ(answer.result.accepted, 0u);
  }
}

TEST(Ingest, RejectionsAreCountedBeyondTheList) {
  std::string body;
  for (std::size_t row = 0; row < kMaxListedRejections + 500; ++row) body += "{\n";
  const Answer answer = Send(MakeVault(), Options(), body);
  EXPECT_EQ(answer.result.rejected.size(), kMaxListedRejections);
  EXPECT_EQ(answer.result.rejected_total, kMaxListedRejections + 500);
}

TEST(Ingest, ALargeRequestWaitsInAFile) {
  std::string name = (std::filesystem::temp_directory_path() / "sheaf-ingest-XXXXXX").string();
  const std::string directory = mkdtemp(name.data());
  const auto vault = MakeVault();
  IngestOptions options = Options();
  options.spool_directory = directory;
  options.idempotency_key = "large";
  IngestRequest request(vault, options);
  ASSERT_TRUE(request.Begin());
  const std::string filler(9000, 'x');
  for (int row = 0; row < 5000; ++row)
    ASSERT_TRUE(request.Feed(Record("p" + std::to_string(row), "\"text\":\"" + filler + "\",\"count\":" + std::to_string(row))));
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  vault->AddField(MakeField("extra", model::FieldType::kDouble));
  Answer answer;
  request.Commit([&](Status status, IngestResult result) { answer = {std::move(status), std::move(result)}; });
  ASSERT_TRUE(answer.status);
  EXPECT_EQ(answer.result.accepted, 5000u);
  EXPECT_GT(vault->last_bytes, kSpoolBytes);
  ASSERT_EQ(vault->rows.size(), 5000u);
  for (const int row : {0, 2500, 4999}) {
    EXPECT_EQ(vault->rows[static_cast<std::size_t>(row)],
              "participant=p" + std::to_string(row) + " : text=\"" + filler + "\" count=" + std::to_string(row));
  }
  std::filesystem::remove_all(directory);
}

TEST(Ingest, ResponsesReadBack) {
  IngestResult result;
  result.accepted = 5;
  result.rejected_total = 7;
  result.rejected.push_back({3, "a\"b", ErrorCode::kBadTime, "line\nbreak \xC3\xBC"});
  const auto read = ParseResponse(ResponseText(result));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->accepted, 5u);
  EXPECT_EQ(read->rejected_total, 7u);
  ASSERT_EQ(read->rejected.size(), 1u);
  EXPECT_EQ(read->rejected[0].line, 3u);
  EXPECT_EQ(read->rejected[0].field, "a\"b");
  EXPECT_EQ(read->rejected[0].code, ErrorCode::kBadTime);
  EXPECT_EQ(read->rejected[0].error, "line\nbreak \xC3\xBC");
  for (const char* text : {"", "{}", "[]", "{\"accepted\":-1,\"rejected_total\":0,\"rejected\":[]}",
                           "{\"accepted\":1,\"rejected_total\":0,\"rejected\":[1]}"}) {
    EXPECT_FALSE(ParseResponse(text)) << text;
  }
}

}  // namespace
}  // namespace sheaf::ingest::testing
