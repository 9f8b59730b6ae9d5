import UploadProtocol

@_cdecl("LLVMFuzzerTestOneInput")
public func checkFrameArchive(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  checkCut(start, count) { ArchiveTrace.of($0, by: FrameParser()) { $1.add($0) } }
}
