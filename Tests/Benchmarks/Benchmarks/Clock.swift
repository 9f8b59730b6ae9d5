import Glibc
import Vocabulary

/// Nanoseconds of a clock that never goes back.
func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func seconds(since start: Int64) -> Double { Double(monotonicNanoseconds() - start) / 1e9 }

func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

/// The moment as a person reads it.
func timeOfDay() -> String {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000).rfc3339
}
