#include "http/source_keeper.h"

#include <utility>

namespace sheaf::http {

std::shared_ptr<BodySource> SourceKeeper::Adopt(std::unique_ptr<BodySource> source) {
  {
    const std::lock_guard lock(mutex_);
    ++alive_;
  }
  return {source.release(), [self = shared_from_this()](BodySource* last) {
            if (!self->pool_.Submit([self, last] { self->Destroy(last); })) self->Destroy(last);
          }};
}

void SourceKeeper::Destroy(BodySource* source) {
  delete source;
  const std::lock_guard lock(mutex_);
  --alive_;
  gone_.notify_all();
}

void SourceKeeper::Stop(std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    gone_.wait_for(lock, patience, [&] { return alive_ == 0; });
  }
  pool_.Stop();
}

}  // namespace sheaf::http
