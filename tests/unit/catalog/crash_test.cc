// A process that is killed between its writes leaves a sound catalog that has everything it was told is kept.

#include <gmock/gmock.h>

#include <csignal>
#include <set>
#include <thread>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::IsEmpty;

constexpr Micros kHour = 3'600'000'000;

class CrashTest : public CatalogTest {};

struct Acknowledged {
  int number;
};

// Adds studies, jobs and leases for ever and says on `report` which round is durable.
int WriteForEver(const std::string& path, const std::string& owner, int from, int report) {
  auto mine = OpenCatalog(path);
  if (!mine) return 1;
  for (int i = from;; ++i) {
    model::Study study;
    study.id = "s" + std::to_string(i);
    study.owner = owner;
    if (!(*mine)->AddStudy(study)) return 2;
    ExportJob job;
    job.id = "exp_" + std::to_string(i);
    job.study = study.id;
    job.account = owner;
    if (!(*mine)->AddExport(job)) return 3;
    auto leased = (*mine)->LeaseExport("child", Now() + kHour);
    if (!leased || !*leased) return 4;
    (*leased)->state = ExportState::kSucceeded;
    (*leased)->blob = "exports/" + (*leased)->id;
    (*leased)->sha256 = "00";
    if (!(*mine)->FinishExport(**leased, "child")) return 5;
    const Acknowledged word{i};
    if (write(report, &word, sizeof word) != sizeof word) return 6;
  }
}

TEST_F(CrashTest, NothingAcknowledgedIsLost) {
  catalog_.reset();
  int reached = -1;
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    // Beyond what the last child may have begun without saying so.
    const int from = reached + 10;
    const pid_t child = Start([&] { return WriteForEver(directory_.File(), owner_, from, ends[1]); });
    close(ends[1]);
    Acknowledged word{};
    ASSERT_EQ(read(ends[0], &word, sizeof word), static_cast<ssize_t>(sizeof word));
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 1700 * round));
    kill(child, SIGKILL);
    EXPECT_EQ(ExitOf(child), 1000 + SIGKILL);
    reached = word.number;
    while (read(ends[0], &word, sizeof word) == static_cast<ssize_t>(sizeof word)) reached = word.number;
    close(ends[0]);

    catalog_ = Open();
    ASSERT_NE(catalog_, nullptr);
    EXPECT_THAT(Check(), IsEmpty());
    for (int i = from; i <= reached; ++i) {
      ASSERT_TRUE(catalog_->FindStudy("s" + std::to_string(i))) << i;
      ASSERT_TRUE(catalog_->FindExport("exp_" + std::to_string(i))) << i;
    }
    // What the child was running when it died runs again once its lease is over.
    const auto executing = catalog_->CountExports("", "", ExportState::kExecuting);
    ASSERT_TRUE(executing);
    EXPECT_LE(*executing, 1U + static_cast<unsigned>(round));
    catalog_.reset();
  }
}

}  // namespace
}  // namespace sheaf::catalog
