#pragma once
//! Who reads a study's file now, so that the file can be exchanged under them: readers come and go, one exchange at a time
//! waits until all have left.

#include <condition_variable>
#include <mutex>
#include <set>

namespace sheaf::vault {

class ReadGate {
 public:
  //! A reader that can be asked to leave early.
  class Evictable {
   public:
    virtual ~Evictable() = default;
    //! Called while the file is to be exchanged, perhaps many times, on another thread and under the gate's lock: stops
    //! what runs. Must not wait. True: the reader has left, and has abandoned its pass.
    virtual bool Evict() = 0;
  };

  //! Leaves when it goes. Movable.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept : gate_(other.gate_), reader_(other.reader_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&& other) noexcept;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { Leave(); }
    void Leave();
    //! Within Evict: the gate takes it as left.
    void Abandon() { gate_ = nullptr; }

   private:
    friend class ReadGate;
    ReadGate* gate_ = nullptr;
    Evictable* reader_ = nullptr;
  };

  //! Waits while the file is exchanged. Who holds a pass that cannot be evicted must not enter again.
  Pass Enter(Evictable* reader = nullptr);
  //! Lets nobody in and returns when everybody has left.
  void Close();
  void Open();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Evictable*> evictable_;
  std::size_t others_ = 0;
  bool closed_ = false;
};

}  // namespace sheaf::vault
