;; counting: the k-th frame of this instance becomes k; every n-th fails as `how` says.
(data (i32.const 256) "counted far enough")
(global $every (mut i32) (i32.const 0))
(global $how (mut i32) (i32.const 0))
(global $seen (mut i32) (i32.const 0))

(func (export "open") (param $params i32) (param $length i32) (result i32)
  (local $end i32)
  (global.set $every (call $number_in (local.get $params) (local.get $length)))
  ;; `how` is the only text among the values: the byte after the first `:"`.
  (local.set $end (i32.sub (i32.add (local.get $params) (local.get $length)) (i32.const 2)))
  (block $done
    (loop $next
      (br_if $done (i32.ge_s (local.get $params) (local.get $end)))
      (if (i32.eq (i32.load16_u (local.get $params)) (i32.const 0x223a))
        (then
          (global.set $how (i32.load8_u offset=2 (local.get $params)))
          (br $done)))
      (local.set $params (i32.add (local.get $params) (i32.const 1)))
      (br $next)))
  (call $ok (i32.const 0) (i32.const 0)))

(func (export "process") (param $port i32) (param $port_length i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)
  (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
  (if (global.get $every)
    (then
      (if (i32.eqz (i32.rem_u (global.get $seen) (global.get $every)))
        (then
          (if (i32.eq (global.get $how) (i32.const 116 (; t ;))) (then unreachable))
          (return
            (call $failure
              (select (i32.const 2) (i32.const 1) (i32.eq (global.get $how) (i32.const 102 (; f ;))))
              (i32.const 256) (i32.const 18)))))))
  (i32.store (i32.const 80) (global.get $seen))
  (call $store_frame (i32.const 32) (local.get $pts) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 80) (i32.const 4))
  (call $ok (i32.const 32) (i32.const 1)))
(func (export "cabi_post_process") (param i32) (call $free_all))
(func (export "flush") (result i32) (call $ok (i32.const 0) (i32.const 0)))
