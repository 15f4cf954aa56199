#include "privacy/suppress.h"

#include <gtest/gtest.h>

namespace sheaf::privacy {
namespace {

vault::AggregateCell Cell(std::vector<std::optional<std::string>> groups, std::int32_t option, std::uint64_t people) {
  vault::AggregateCell cell;
  cell.groups = std::move(groups);
  cell.option = option;
  cell.answered = cell.answered_by = people;
  return cell;
}

std::vector<bool> Hidden(const std::vector<vault::AggregateCell>& cells, std::uint64_t minimum = 5) {
  std::vector<bool> hidden;
  for (const auto& one : Suppress(cells, minimum)) hidden.push_back(one.cell);
  return hidden;
}

using Flags = std::vector<bool>;

TEST(SuppressTest, NothingToHide) {
  EXPECT_EQ(Hidden({}), Flags{});
  EXPECT_EQ(Hidden({Cell({}, -1, 20), Cell({}, 0, 8), Cell({}, 1, 12), Cell({}, 2, 0)}), (Flags{false, false, false, false}));
}

TEST(SuppressTest, ASmallOptionTakesTheNextSmallest) {
  EXPECT_EQ(Hidden({Cell({}, -1, 30), Cell({}, 0, 3), Cell({}, 1, 9), Cell({}, 2, 18)}), (Flags{false, true, true, false}));
}

TEST(SuppressTest, TwoSmallOnesThatAreTogetherTooFewTakeAThird) {
  EXPECT_EQ(Hidden({Cell({}, -1, 30), Cell({}, 0, 1), Cell({}, 1, 2), Cell({}, 2, 7), Cell({}, 3, 20)}),
            (Flags{false, true, true, true, false}));
  EXPECT_EQ(Hidden({Cell({}, -1, 30), Cell({}, 0, 2), Cell({}, 1, 4), Cell({}, 2, 24)}), (Flags{false, true, true, false}));
}

TEST(SuppressTest, ASmallGroupTakesAnotherGroupAndItsOptions) {
  const std::vector<vault::AggregateCell> cells = {Cell({"a"}, -1, 3), Cell({"b"}, -1, 8), Cell({"c"}, -1, 40), Cell({"a"}, 0, 3),
                                                   Cell({"b"}, 0, 8),  Cell({"c"}, 0, 20), Cell({"c"}, 1, 20)};
  EXPECT_EQ(Hidden(cells), (Flags{true, true, false, true, true, false, false}));
}

TEST(SuppressTest, NoLineOfATableGivesACellAway) {
  // Margins of a table of two groups may be asked for, too: each row and column with a hidden cell has another.
  std::vector<vault::AggregateCell> cells;
  const std::uint64_t people[3][3] = {{3, 20, 30}, {40, 50, 60}, {70, 80, 90}};
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column)
      cells.push_back(Cell({std::to_string(row), std::to_string(column)}, -1, people[row][column]));
  }
  const auto hidden = Hidden(cells);
  EXPECT_TRUE(hidden[0]);
  for (std::size_t line = 0; line < 3; ++line) {
    const int in_row = hidden[line * 3] + hidden[line * 3 + 1] + hidden[line * 3 + 2];
    const int in_column = hidden[line] + hidden[line + 3] + hidden[line + 6];
    EXPECT_NE(in_row, 1) << line;
    EXPECT_NE(in_column, 1) << line;
  }
  EXPECT_FALSE(hidden[8]);
}

TEST(SuppressTest, MissingCountsGoTogether) {
  auto cell = Cell({}, -1, 30);
  cell.skipped_by = 2;
  cell.absent_by = 10;
  const auto hidden = Suppress({cell}, 5);
  EXPECT_FALSE(hidden[0].cell);
  EXPECT_TRUE(hidden[0].missing);
}

}  // namespace
}  // namespace sheaf::privacy
