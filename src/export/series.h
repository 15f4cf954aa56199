#pragma once
//! Values over time, thinned out so that a plot of them looks as if nothing were missing.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "export/plan.h"

namespace sheaf::exporting {

//! Two buckets: what lies before 0 and what lies behind it are never in one.
inline constexpr std::uint64_t kLeastPoints = 8;
inline constexpr std::uint64_t kMostPoints = 20'000;
inline constexpr std::size_t kMostSeriesFields = 16;
inline constexpr std::size_t kMostSeriesGroups = 50;

struct SeriesOptions {
  enum class X : std::uint8_t { kTime, kOnset };
  enum class By : std::uint8_t { kNone, kParticipant, kSession };
  X x = X::kTime;
  By by = By::kNone;
  std::vector<std::string> fields;       //!< ids of integer, double and boolean fields
  std::uint64_t points = 2000;           //!< of each series, at most
  std::optional<std::int64_t> from, to;  //!< microseconds: of time since 1970, or of onset; from <= x < to
  ExportOptions options;                 //!< filter, participants, sessions, since, until, identifiers
};

//! {"x","from","to","rows","bucket_ms","omitted","series":[{"field","participant"|"session","n","min","max","points":[[x,y],…]}]}: x in
//! milliseconds.
//!
//! One scan in bounded memory. A series of more than `points` values is cut into buckets of equal width (a power of two
//! of microseconds, so that the same buckets come again when a plot is moved); of each the first, the last, the least and the
//! greatest value stay, at their own x. Errors: of MakePlan; kBadParameter, kUnknownField with the parameter's name as place.
Result<std::string> RenderSeries(vault::StudyVault& study, std::string_view dataset, const SeriesOptions& options, const Viewer& viewer,
                                 std::uint64_t* rows = nullptr);

//! The thinning itself.
class Thinned {
 public:
  struct Point {
    std::int64_t x = 0;
    double y = 0;
  };
  //! `points`: kLeastPoints or more.
  explicit Thinned(std::size_t points);
  void Add(std::int64_t x, double y);
  //! In order of x; at most as many as there may be.
  std::vector<Point> Points() const;
  std::uint64_t Count() const { return count_; }
  double Least() const { return least_; }
  double Greatest() const { return greatest_; }
  //! Microseconds; 0: nothing was left out.
  std::int64_t Width() const {
    if (raw_) return 0;
    return shift_ < 63 ? std::int64_t{1} << shift_ : std::numeric_limits<std::int64_t>::max();
  }

 private:
  struct Bucket {
    std::uint64_t count = 0;
    Point first, last, least, greatest;
    void Add(const Point& point);
    void Merge(const Bucket& other);
  };
  void Put(const Point& point);
  void Widen();
  void MakeRoom(std::int64_t index);
  std::int64_t IndexOf(std::int64_t x) const { return x >> shift_; }

  std::size_t points_;
  std::uint64_t count_ = 0;
  double least_ = 0, greatest_ = 0;
  bool raw_ = true;                             // few enough to keep all
  std::vector<Point> kept_;                     // while raw_
  std::vector<Bucket> buckets_;                 // afterwards: of the indexes from base_ on
  std::int64_t base_ = 0, low_ = 0, high_ = 0;  // low_ to high_: indexes in use
  int shift_ = 0;
};

}  // namespace sheaf::exporting
