import UploadProtocol

@_cdecl("LLVMFuzzerTestOneInput")
public func checkMultipartArchive(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  checkCut(start, count) { pieces in
    ArchiveTrace.of(pieces, by: MultipartParser(boundary: [0x62])) { event, trace in
      switch event {
      case .content(let bytes): trace.content(bytes)
      case .part(let part): trace.begin(part)
      case .endOfPart: trace.end()
      }
    }
  }
}
